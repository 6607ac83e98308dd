"""Asks a Log Analytics workspace, in Azure or on this machine, one of the eight queries.

The only place that imports azure.monitor.query, when it is first used.
"""

import asyncio
import contextlib
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Generic
from urllib.parse import urlsplit

import msgspec
from azure.core.exceptions import AzureError, HttpResponseError, ServiceResponseTimeoutError
from azure.core.pipeline.policies import SansIOHTTPPolicy

from telemetry.queries.answers import Question, R, read_row
from telemetry.queries.errors import InvalidAddress, PartialResult, QueryBusy, QueryFailed
from telemetry.queries.query_text import Value, bind

SERVER_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10
READ_TIMEOUT_S = SERVER_TIMEOUT_S + 10
"""A workspace that keeps silent holds up one of the four turns for so long."""
AT_ONCE_MAX = 4
"""Azure runs five queries of one identity at once, and queues the rest."""
CACHE_S = 30.0
CACHED_MAX = 256
RETRY_AFTER_S = 10
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_BUSY = {429: "there are too many queries", 503: "it is not available", 504: "the query timed out"}
_NOT_ALLOWED = (401, 403)


@dataclass(frozen=True, slots=True)
class Answer(Generic[R]):
    """The rows of a question."""

    rows: list[R]
    more: bool = False
    """There are more rows than the question shows."""
    partial: bool = False
    """Application Insights read only a part; of a list alone."""


class LogsClient:
    """Keeps answers for 30 seconds, and asks at most four questions at once."""

    def __init__(
        self, client: Any, workspace: str, *, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`client` is a LogsQueryClient."""
        self._client = client
        self._workspace = workspace
        self._now = now
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)
        self._cache: OrderedDict[str, tuple[float, Answer[Any]]] = OrderedDict()

    async def ask(self, question: Question[R], **values: Value) -> Answer[R]:
        """InvalidParameter, QueryFailed or QueryBusy; PartialResult for sums."""
        text = bind(question.name, **values)
        kept = self._cache.get(text)
        if kept is not None and self._now() < kept[0] + CACHE_S:
            return kept[1]
        async with self._turns:
            asked = self._now()
            answer = await self._ask(question, text)
        if question.cached and not answer.partial:
            self._cache[text] = (asked, answer)
            self._cache.move_to_end(text)
            if len(self._cache) > CACHED_MAX:
                self._cache.popitem(last=False)
        return answer

    async def _ask(self, question: Question[R], text: str) -> Answer[R]:
        try:
            found = await self._client.query_workspace(
                self._workspace, text, timespan=None, server_timeout=SERVER_TIMEOUT_S
            )
        except HttpResponseError as error:
            raise _failure(question, error) from error
        except ServiceResponseTimeoutError as error:
            message = f"{question.name}: no answer within {READ_TIMEOUT_S} seconds"
            raise QueryBusy(message, retry_after_s=RETRY_AFTER_S) from error
        except AzureError as error:
            message = f"{question.name}: Application Insights cannot be reached: {error}"
            raise QueryFailed(message) from error
        partial = hasattr(found, "partial_error")
        if partial and not question.is_list:
            reason = getattr(found.partial_error, "message", None)
            raise PartialResult(f"{question.name}: only a part of the rows was read: {reason}")
        try:
            [table] = (found.partial_data if partial else found.tables) or [None]
            rows = [read_row(table.columns, list(row), question.row) for row in table.rows]
        except (AttributeError, ValueError, msgspec.ValidationError) as error:
            raise QueryFailed(f"{question.name}: the answer has another form: {error}") from error
        more = question.most is not None and len(rows) > question.most
        return Answer(rows[: question.most], more=more, partial=partial)


@contextlib.asynccontextmanager
async def open_client(workspace: str, *, url: str | None = None) -> AsyncIterator[LogsClient]:
    """A client of Azure, with this process's identity; or, with an http address, of the local
    stand-in, without one. InvalidAddress for any other address over http."""
    from azure.monitor.query.aio import LogsQueryClient  # noqa: PLC0415 - half a second of CPU

    options: dict[str, Any] = {
        "retry_total": 0,  # who asks is told to ask again
        "connection_timeout": CONNECT_TIMEOUT_S,
        "read_timeout": READ_TIMEOUT_S,
    }
    if url is not None:
        options["endpoint"] = url
    if url is None or urlsplit(url).scheme == "https":
        from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415

        async with (
            DefaultAzureCredential() as credential,
            LogsQueryClient(credential, **options) as client,
        ):
            yield LogsClient(client, workspace)
        return
    if urlsplit(url).hostname not in _LOOPBACK:
        raise InvalidAddress(f"{url} is not https, and not on this machine")
    # The client insists on a credential; without the policy it never asks for a token.
    options["authentication_policy"] = SansIOHTTPPolicy()
    async with LogsQueryClient(_NoCredential(), **options) as client:
        yield LogsClient(client, workspace)


class _NoCredential:
    """Gives no token: nobody asks it for one."""

    async def get_token(self, *_: str, **__: Any) -> Any:
        raise InvalidAddress("the local Application Insights takes no token")

    async def close(self) -> None:
        return

    async def __aenter__(self) -> "_NoCredential":
        return self

    async def __aexit__(self, *_: object) -> None:
        return


def _failure(question: Question[Any], error: HttpResponseError) -> Exception:
    status = error.status_code or 0
    reason = getattr(error.model, "message", None) or error.message
    if status in _BUSY:
        after = str(getattr(error.response, "headers", {}).get("Retry-After", ""))
        seconds = int(after) if after.isdigit() else RETRY_AFTER_S
        return QueryBusy(f"{question.name}: {_BUSY[status]}", retry_after_s=seconds)
    if status in _NOT_ALLOWED:
        hint = "this identity needs the role Log Analytics Data Reader on the workspace"
        return QueryFailed(f"{question.name}: {reason} ({hint})")
    return QueryFailed(f"{question.name}: {reason}")
