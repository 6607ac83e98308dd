"""Sends what the gateway says of its calls to Application Insights: from memory and in batches, and
no call waits for it. What is not taken is lost, counted and logged, as with the real gateway."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import aiohttp
import msgspec

from apim_policies.harness.call import Gateway
from local_stack.errors import LocalStackError
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.telemetry_items import (
    Item,
    TokenSum,
    add_tokens,
    call_items,
    has_failed,
    metric_item,
)
from telemetry.log import Log

FLUSH_INTERVAL_S = 1.0
BATCH_ITEMS_MAX = 500
QUEUE_ITEMS_MAX = 100_000
TIMEOUT_S = 10.0

_LOG = Log(__name__)


class InvalidConnectionString(LocalStackError):
    """The connection string of Application Insights has a part too few."""


class Insights:
    """Open it as a context manager: leaving sends what is queued."""

    def __init__(
        self, connection_string: str, gateway: Gateway, *, share: float = 1.0, seed: int = 0
    ) -> None:
        """`share` of the calls are described; failed ones always are, and tokens of all."""
        self._key, self._url = _destination(connection_string)
        self._gateway = gateway
        self._share = share
        self._chance = Random(seed)
        self._items: list[Item] = []
        self._tokens: dict[Any, TokenSum] = {}
        self._stop = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self.lost = 0

    @property
    def pending(self) -> int:
        """Items that are neither sent nor lost yet."""
        return len(self._items) + len(self._tokens)

    def ended(self, call: CallLog) -> None:
        """A call has ended."""
        if len(self._items) >= QUEUE_ITEMS_MAX:
            self._lose(1, f"{QUEUE_ITEMS_MAX} items are queued already")
            return
        self._items += self._sampled(call)
        add_tokens(self._tokens, call.metrics)
        self._empty.clear()

    def _sampled(self, call: CallLog) -> list[Item]:
        """An item of a sampled call says how many calls it represents, as in Azure."""
        items = call_items(call, self._gateway, ended_s=time.monotonic())
        if self._share >= 1 or has_failed(call):
            return items
        if self._chance.random() >= self._share:
            return []
        return [{**item, "sampleRate": 100 * self._share} for item in items]

    async def emptied(self) -> None:
        """Wait until nothing is pending."""
        await self._empty.wait()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Insights"]:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            task = asyncio.create_task(self._run(session))
            try:
                yield self
            finally:
                self._stop.set()
                await task

    async def _run(self, session: aiohttp.ClientSession) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), FLUSH_INTERVAL_S)
            await self._flush(session)

    async def _flush(self, session: aiohttp.ClientSession) -> None:
        now_ns = time.time_ns()
        sums, self._tokens = self._tokens, {}
        self._items += [metric_item(each, self._gateway, now_ns=now_ns) for each in sums.values()]
        while self._items:
            batch = self._items[:BATCH_ITEMS_MAX]
            await self._send(session, batch)
            del self._items[: len(batch)]
        if not self.pending:
            self._empty.set()

    async def _send(self, session: aiohttp.ClientSession, batch: list[Item]) -> None:
        body = msgspec.json.encode([{**item, "iKey": self._key} for item in batch])
        headers = {"Content-Type": "application/json"}
        try:
            async with session.post(self._url, data=body, headers=headers) as answer:
                if answer.status == 206:
                    refused = msgspec.json.decode(await answer.read())["errors"]
                    self._lose(len(refused), f"refused: {refused[0]['message']}")
                elif answer.status != 200:
                    self._lose(len(batch), f"status {answer.status}: {await answer.text()}")
        except (aiohttp.ClientError, TimeoutError) as error:
            self._lose(len(batch), repr(error))

    def _lose(self, count: int, reason: str) -> None:
        self.lost += count
        _LOG.error("gateway_telemetry_lost", f"items lost: {reason}", items=count)


def _destination(connection_string: str) -> tuple[str, str]:
    parts = dict(part.partition("=")[::2] for part in connection_string.split(";") if "=" in part)
    missing = {"InstrumentationKey", "IngestionEndpoint"} - parts.keys()
    if missing:
        names = " and ".join(sorted(missing))
        raise InvalidConnectionString(f"APPLICATIONINSIGHTS_CONNECTION_STRING has no {names}")
    return parts["InstrumentationKey"], parts["IngestionEndpoint"].rstrip("/") + "/v2.1/track"
