"""The company of tests/fixtures/office.py behind a real server, for programs that speak HTTP."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread

import pytest
import uvicorn

from table_api.http_api.app import ApiSettings, create_app
from table_api.verbs.serve import KEEP_ALIVE_S
from tests.fixtures.insights import running_insights
from tests.fixtures.listening import listening
from tests.fixtures.office import NOW, Office, issuer_of_office, open_office


@dataclass(frozen=True)
class Company:
    """Where its API answers, and tokens for it."""

    url: str
    office: Office

    def token(self, kind: str) -> str:
        """An access token of one kind of caller."""
        return self.office.token(kind)


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    """The API on a free port."""
    with (
        issuer_of_office() as (issuer, access),
        listening() as (listener, url),
        running_insights(lambda: NOW) as running,
    ):
        office = asyncio.run(open_office(issuer, access))
        asyncio.run(running.publish(office.storage))
        settings = ApiSettings(insights=running.insights)
        app = create_app(
            office.storage, office.blobs, settings=settings, access=access, now=lambda: NOW
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE_S
        )
        server = uvicorn.Server(config)
        thread = Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
        thread.start()
        try:
            yield Company(url, office)
        finally:
            server.should_exit = True
            thread.join()
