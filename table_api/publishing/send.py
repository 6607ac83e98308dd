"""Sends records by an exporter, and finds the one that ingestion refuses among many.

An export says success or failure of a batch, no more. A batch that fails three times is halved,
down to the single record. A record is refused when it fails while a record that has passed before
passes again; when nothing passes, the destination is down and nothing is refused.
"""

import asyncio
import random
from collections.abc import Sequence
from typing import Protocol

from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk._logs.export import LogRecordExportResult

from table_api.errors import Unavailable
from telemetry.log import Log

RECORDS_MAX = 500
"""Of one export: 1 MB of JSON."""
WAITS_S = (1.0, 5.0)
"""Between the three tries of a batch. The exporter itself has tried several times by then."""
FAILURES_MAX = 20
"""So many failures in a row while a batch is halved: is the destination there at all?"""

_log = Log("table_api")


class NotDelivered(Unavailable):
    """The destination of telemetry took nothing: all is sent again later."""


class Exports(Protocol):
    """The part of an exporter that is used."""

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        """Send a batch; blocks."""


class Sender:
    """Sends batches of at most RECORDS_MAX records, one at a time."""

    def __init__(self, exporter: Exports, *, waits_s: Sequence[float] = WAITS_S) -> None:
        self._exporter = exporter
        self._waits_s = waits_s

    async def send(self, records: Sequence[ReadableLogRecord]) -> list[int]:
        """Send all; gives the index of each record that is refused. Some may be sent twice.

        Raises NotDelivered, with any of them sent or not.
        """
        for wait_s in (*self._waits_s, None):
            if await self._passes(records):
                return []
            if wait_s is not None:
                await asyncio.sleep(wait_s)
        return await self._halved(records)

    async def _halved(self, records: Sequence[ReadableLogRecord]) -> list[int]:
        """In a random order: what is bad may be first each time."""
        proof: int | None = None
        suspects: list[int] = []
        failures = 0
        waiting = _halves(range(len(records)))
        while waiting:
            part = waiting.pop()
            if await self._passes(records[part.start : part.stop]):
                proof, failures = part.start, 0
                continue
            failures += 1
            if failures % FAILURES_MAX == 0:
                await self._prove(records, proof)
            if len(part) == 1:
                suspects.append(part.start)
            else:
                waiting += _halves(part)
        refused = []
        for suspect in suspects:
            await self._prove(records, proof)
            if not await self._passes([records[suspect]]):
                refused.append(suspect)
        return refused

    async def _prove(self, records: Sequence[ReadableLogRecord], proof: int | None) -> None:
        """What has passed passes again, else the failures say nothing of the records."""
        if proof is None or not await self._passes([records[proof]]):
            raise NotDelivered(f"telemetry: none of {len(records)} records is accepted")

    async def _passes(self, records: Sequence[ReadableLogRecord]) -> bool:
        try:
            result = await asyncio.to_thread(self._exporter.export, records)
        except Exception as error:  # an exporter may raise on a record that it cannot encode
            _log.warning("export_failed", f"{type(error).__name__}: {error}")
            return False
        return result is LogRecordExportResult.SUCCESS


def _halves(part: range) -> list[range]:
    if len(part) == 1:
        return [part]
    middle = part.start + len(part) // 2
    halves = [range(part.start, middle), range(middle, part.stop)]
    random.shuffle(halves)
    return halves
