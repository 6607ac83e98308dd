"""The gateway's diagnostic setting: records of many calls, delayed and batched into `records`
envelopes on their way to an event hub."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Collection
from random import Random

import msgspec

from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.gateway_log import GatewayLog, Record
from local_stack.gateway.reporting.hub_writer import HubWriter
from local_stack.gateway.reporting.missettings import Missetting, misset
from local_stack.gateway.reporting.trap import Trap

ENVELOPE_RECORDS_MAX = 50
FLUSH_INTERVAL_S = 0.25
_PROBE_SHARE = 0.8
"""Probes per LLM row: they are 44 % of all rows then."""


class Diagnostics:
    """Open it as a context manager, inside that of its writer; leaving it sends the records that it
    holds.
    """

    def __init__(
        self,
        writer: HubWriter,
        log: GatewayLog,
        *,
        delay_s: float = 0.0,
        seed: int = 0,
        missettings: tuple[Missetting, ...] = (),
    ) -> None:
        self._missettings = missettings
        self._calls = 0
        self._writer = writer
        self._log = log
        self._delay_s = delay_s
        self._chance = Random(seed)
        self._held: deque[tuple[float, Record]] = deque()
        self._stop = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def pending(self) -> int:
        """Records that are held here and envelopes that are not sent yet."""
        return len(self._held) + self._writer.pending

    def write(self, call: CallLog) -> None:
        """The call has ended. Its records leave `delay_s` later."""
        traps: Collection[Trap] = self._log.traps
        records = self._log.records(call)
        if self._missettings:
            records = misset(records, self._missettings, call_number=self._calls)
        self._calls += 1
        if Trap.PROBES in traps and self._chance.random() < _PROBE_SHARE:
            records.append(self._log.probe(call))
        due = time.monotonic() + self._delay_s
        self._held.extend((due, record) for record in records)
        self._empty.clear()

    async def emptied(self) -> None:
        """Wait until nothing is pending."""
        await self._empty.wait()
        await self._writer.emptied()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Diagnostics"]:
        task = asyncio.create_task(self._run())
        try:
            yield self
        finally:
            self._stop.set()
            await task

    async def _run(self) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), FLUSH_INTERVAL_S)
            self._flush(time.monotonic())
        self._flush(float("inf"))

    def _flush(self, until_s: float) -> None:
        due = []
        while self._held and self._held[0][0] <= until_s:
            due.append(self._held.popleft()[1])
        if Trap.DISORDER in self._log.traps:
            self._chance.shuffle(due)
        for start in range(0, len(due), ENVELOPE_RECORDS_MAX):
            records = due[start : start + ENVELOPE_RECORDS_MAX]
            self._writer.put(msgspec.json.encode({"records": records}))
        if not self._held:
            self._empty.set()
