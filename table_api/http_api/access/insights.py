"""Application Insights as the API asks it, and what becomes of a question without an answer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from table_api.http_api.conventions.problems import ProblemKind, Refused, refused_parameter
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.log import Log
from telemetry.queries.answers import Question, R
from telemetry.queries.errors import InvalidParameter, PartialResult, QueryBusy, QueryFailed
from telemetry.queries.logs_client import Answer, LogsClient, open_client
from telemetry.queries.query_text import Value
from telemetry.settings import TelemetrySettings

Ask = Callable[..., Awaitable[Answer[Any]]]
"""`LogsClient.ask`, or what asks it."""
UNRESOLVED = "@Microsoft.KeyVault("
"""What Azure Functions hands on in place of a secret that it cannot read."""
_FIELDS = {"user": "subject"}
"""Parameters of queries that callers know by another name."""
_log = Log("table_api.insights")


@dataclass(frozen=True, slots=True, kw_only=True)
class Insights:
    """What the API reads Application Insights with."""

    client: Ask
    names: Pseudonyms
    """Those that the publisher makes."""

    async def ask(self, question: Question[R], **values: Value) -> Answer[R]:
        """The rows of a question; Refused when there is no whole answer to it."""
        try:
            return await self.client(question, **values)
        except InvalidParameter as error:
            name = str(error).split()[0]
            field = _FIELDS.get(name, name)
            raise refused_parameter(field, values.get(name), str(error)) from error
        except PartialResult as error:
            detail = "sums over a part of the calls would be too small: ask for fewer days"
            raise Refused(ProblemKind.PARTIAL_RESULT, detail) from error
        except QueryBusy as error:
            headers = {"Retry-After": str(error.retry_after_s)}
            detail = "it is asked too much, or this takes too long: try again in a while"
            raise Refused(ProblemKind.TELEMETRY_UNAVAILABLE, detail, headers=headers) from error
        except QueryFailed as error:
            _log.warning("insights_failed", "Application Insights gave no answer", error=str(error))
            detail = "it cannot be asked: the server's log says why"
            raise Refused(ProblemKind.TELEMETRY_UNAVAILABLE, detail) from error


class LateClient:
    """A client that is opened when it is first used: its libraries take half a second."""

    def __init__(self, settings: TelemetrySettings) -> None:
        self._settings = settings
        self._stack = contextlib.AsyncExitStack()
        self._opening = asyncio.Lock()
        self._client: LogsClient | None = None

    async def ask(self, question: Question[R], **values: Value) -> Answer[R]:
        """See LogsClient."""
        async with self._opening:
            if self._client is None:
                opened = open_client(self._settings.workspace or "", url=self._settings.query_url)
                self._client = await self._stack.enter_async_context(opened)
        return await self._client.ask(question, **values)

    async def aclose(self) -> None:
        """Close what was opened."""
        await self._stack.aclose()


def insights_of(settings: TelemetrySettings, client: LateClient) -> Insights | None:
    """None where no workspace is named, and while the platform gives no key for the pseudonyms."""
    if settings.workspace is None or (settings.subject_key or "").startswith(UNRESOLVED):
        return None
    return Insights(client=client.ask, names=Pseudonyms(settings.subject_key))
