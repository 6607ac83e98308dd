"""What the eight queries and the routes of `/v1/telemetry` cost: CPU seconds of this process, which
runs the API, the local Application Insights and the real query client.

    python -m benchmarks.queries [--calls 50000]

The calls are in a ledger in memory, and the publisher sends them at the end of each of their days.
The reference of a query is `AppEvents | count` on the same items, and that of a route the query
that it asks. Azure's engine has not been measured.
"""

import argparse
import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.monitor.query.aio import LogsQueryClient
from fastapi import FastAPI

from benchmarks.api.__main__ import ask
from benchmarks.result import Result, add_results_argument, beside, report
from local_stack.insights.server import Served, serving
from table_api.http_api.access.insights import Insights
from table_api.http_api.app import ApiSettings, create_app
from table_api.ledger.keys import CallAddress
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.publishing.follow import Publisher
from table_api.publishing.month_pass import Wanted
from table_api.publishing.send import Sender
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from telemetry.exporting.providers import resource_of
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.queries import answers
from telemetry.queries.answers import Question
from telemetry.queries.logs_client import Answer, LogsClient
from telemetry.queries.query_text import Value
from tests.fixtures.builders import call_id
from tests.fixtures.calls import SETTINGS, make_call
from tests.local_stack.insights.exporting import client_of, log_exporter
from tests.telemetry.queries.call_events import gateway_items

CALLS = 50_000
USERS = 200
DAYS = 7
POSTED_AT_ONCE = 500
ROUNDS = 2
START = datetime(2026, 11, 20, tzinfo=UTC)
STOP = START + timedelta(days=DAYS)
USER = "user-007"
CALL = 7
"""The first of this user."""
COUNT = "AppEvents | count"
NAMES = Pseudonyms(None)

SPAN: dict[str, Value] = {"start": START, "stop": STOP}
ASKED: list[tuple[Question[Any], dict[str, Value]]] = [
    (answers.USER_BY_DAY, {**SPAN, "user": USER}),
    (answers.SESSIONS, {**SPAN, "user": USER}),
    (answers.CALLS, {**SPAN, "user": USER, "session": "", "every_session": True}),
    (answers.OPERATION, {"call": call_id(CALL), "start": START}),
    (answers.TOP, {**SPAN, "by_what": "user"}),
    (answers.CELLS, SPAN),
    (answers.TOKEN_METRIC, SPAN),
    (answers.TAIL, {"user": "", "every_user": True, "since": STOP - timedelta(minutes=15)}),
]
ROUTES: dict[str, Question[Any]] = {
    "subjects/{subject}/usage": answers.USER_BY_DAY,
    "subjects/{subject}/sessions": answers.SESSIONS,
    "subjects/{subject}/calls": answers.CALLS,
    "calls/{call_id}": answers.OPERATION,
    "top": answers.TOP,
    "reconciliation": answers.CELLS,
    "tokens": answers.TOKEN_METRIC,
}


class Clock:
    """The time of everything that is measured."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        """See the class."""
        return self.time


async def fill(served: Served, calls: int, clock: Clock) -> tuple[MemoryTableStorage, str]:
    """The ledger of the calls, which are published, and the opaque id of one call."""
    storage = MemoryTableStorage()
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=clock.now)
    publisher = await Publisher.open(
        storage, Sender(log_exporter(served)), names=NAMES, resource=resource_of("publisher"),
        now=clock.now,
    )  # fmt: skip
    of_day = -(-calls // DAYS)
    for first in range(0, calls, of_day):
        clock.time += timedelta(days=1)
        numbers = range(first, min(first + of_day, calls))
        await _post(ledger, served, numbers, timedelta(days=1) / of_day)
        sent = await publisher.publish(Wanted())
        assert (sent.rows, sent.refused) == (len(numbers), 0)
    posting = ledger.place(_call(CALL, timedelta(days=1) / of_day))
    return storage, CallAddress(posting.partition, posting.entry_key).opaque_id


async def _post(ledger: ProjectedLedger, served: Served, numbers: range, step: timedelta) -> None:
    for first in range(numbers.start, numbers.stop, POSTED_AT_ONCE):
        part = range(first, min(first + POSTED_AT_ONCE, numbers.stop))
        await ledger.post([_call(number, step) for number in part])
        rows: dict[str, list[dict[str, object]]] = {}
        for number in part:
            items = gateway_items(str(number), time=START + number * step, call=call_id(number))
            for table, found in items.items():
                rows.setdefault(table, []).extend(found)
        served.store.add(rows)


def _call(number: int, step: timedelta) -> MeteredCall:
    return make_call(
        number,
        id=call_id(number),
        time=START + number * step,
        subject=f"user-{number % USERS:03}",
        session=f"session-{number % 7}",
    )


async def measure(calls: int) -> list[Result]:
    """One result per query, and one per route."""
    clock = Clock()
    async with serving(now=clock.now) as served:
        storage, opaque_id = await fill(served, calls, clock)
        async with client_of(served) as raw:
            await raw.query_workspace("any", COUNT, timespan=None)  # imports, once a process
            started = time.process_time()
            for _ in range(ROUNDS):
                await raw.query_workspace("any", COUNT, timespan=None)
            reference = (time.process_time() - started) / ROUNDS
            queries = {each.name: await _query(raw, each, values) for each, values in ASKED}
            app = _app(raw, storage, clock)
            routes = {path: await _route(app, path, opaque_id) for path in ROUTES}
    over = f"over {calls:,} calls, CPU seconds, compared with"
    return [
        *(beside(f"{name}.kql {over} a count", took, reference) for name, took in queries.items()),
        *(
            beside(f"/v1/telemetry/{path} {over} its query", took, queries[ROUTES[path].name])
            for path, took in routes.items()
        ),
    ]


async def _query(raw: LogsQueryClient, question: Question[Any], values: dict[str, Value]) -> float:
    started = time.process_time()
    for _ in range(ROUNDS):
        answer = await LogsClient(raw, "any").ask(question, **values)  # a new one has no cache
        assert answer.rows, question.name
    return (time.process_time() - started) / ROUNDS


def _app(raw: LogsQueryClient, storage: MemoryTableStorage, clock: Clock) -> FastAPI:
    """An API that keeps no answer of Application Insights."""

    async def asks(question: Question[Any], **values: Value) -> Answer[Any]:
        return await LogsClient(raw, "any").ask(question, **values)

    settings = ApiSettings(insights=Insights(client=asks, names=NAMES))
    return create_app(storage, MemoryBlobStore(), settings=settings, now=clock.now)


async def _route(app: FastAPI, path: str, opaque_id: str) -> float:
    """Of an API that has answered once before."""
    asked = f"/v1/telemetry/{path.format(subject=USER, call_id=opaque_id)}"
    query = "" if path.startswith("calls/") else f"from={START:%Y-%m-%d}&to={STOP:%Y-%m-%d}"
    assert len(await ask(app, asked, query)) > len(query), path
    started = time.process_time()
    for _ in range(ROUNDS):
        await ask(app, asked, query)
    return (time.process_time() - started) / ROUNDS


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.queries", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    add_results_argument(parser)
    options = parser.parse_args()
    report(asyncio.run(measure(options.calls)), options.results)


if __name__ == "__main__":
    main()
