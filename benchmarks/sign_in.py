"""What sign-in adds to a request of the API: CPU time of this process.

    python -m benchmarks.sign_in

The same question is asked of two apps that refuse it before any read: one of AUTH_MODE=local, and
one that checks an RS256 token with a key that it knows. The difference is what a request pays for
its token. A row of the access log is measured apart: `benchmarks.api` writes it to Azurite.
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI

from benchmarks.result import Result, add_results_argument, at_most, beside, report
from table_api.http_api.access.settings import AccessSettings, AuthMode
from table_api.http_api.app import create_app
from table_api.owners.access_log import Access, AccessLog
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from tests.fixtures.issuer import AUDIENCE, open_issuer

REQUESTS = 300
ROUNDS = 9
GOAL_MS = 0.3
TARGET = {"path": "/v1/usage", "raw_path": b"/v1/usage", "query_string": b"unknown=parameter"}


async def ask(app: FastAPI, headers: list[tuple[bytes, bytes]]) -> None:
    """The question, which has to be refused for its parameter and for nothing else."""
    status: list[object] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            status.append(message["status"])

    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "headers": [(b"host", b"localhost"), *headers], "root_path": "",
        "server": ("localhost", 80), "client": ("127.0.0.1", 1), **TARGET,
    }  # fmt: skip
    await app(scope, receive, send)
    if status != [400]:
        raise SystemExit(f"the question was answered with {status}")


async def requests_ms(app: FastAPI, headers: list[tuple[bytes, bytes]]) -> float:
    """CPU milliseconds of one request."""
    started = time.process_time()
    for _ in range(REQUESTS):
        await ask(app, headers)
    return (time.process_time() - started) * 1e3 / REQUESTS


async def sign_in() -> Result:
    """What a token costs."""
    with open_issuer() as issuer:
        access = AccessSettings(
            auth_mode=AuthMode.OIDC,
            issuers=(issuer.url,),
            audiences=(AUDIENCE,),
            requests_per_minute=1_000_000,
        )
        local = create_app(MemoryTableStorage(), MemoryBlobStore())
        signed_in = create_app(MemoryTableStorage(), MemoryBlobStore(), access=access)
        token = [(b"authorization", f"Bearer {issuer.token()}".encode())]
        await ask(local, [])
        await ask(signed_in, token)  # the key is fetched
        added, bare = [], []
        for _ in range(ROUNDS):
            bare.append(await requests_ms(local, []))
            added.append(await requests_ms(signed_in, token) - bare[-1])
    name = f"API, sign-in of one request with a known key: CPU ms, compared with {GOAL_MS}"
    return at_most(name, statistics.median(added), GOAL_MS, 1.0)


async def access_log_row(storage: TableStorage, raw_ms: float) -> Result:
    """What it costs to write a row of the access log, compared with a raw read of one month."""
    log = AccessLog(storage)
    access = Access(
        at=datetime.now(UTC), caller="reader", roles=("Billing.Read.All",), route="/v1/usage",
        path="/v1/usage", query="group_by=subject", subjects=("somebody",), count=1,
    )  # fmt: skip
    await log.add(access)
    took = []
    for _ in range(REQUESTS):
        started = time.process_time()
        await log.add(access)
        took.append(time.process_time() - started)
    name = "API, a row of the access log: CPU ms, compared with the raw month"
    return beside(name, statistics.median(took) * 1e3, raw_ms)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_results_argument(parser)
    options = parser.parse_args()
    report([asyncio.run(sign_in())], options.results)


if __name__ == "__main__":
    main()
