"""Calls by the time that they count at, for lists over everybody. Reads only."""

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pricing_rules.types import CountedAt
from table_api.open_calls.decision import counted_places
from table_api.open_calls.index_rows import COPIED
from table_api.open_calls.keys import OPEN_CALLS_TABLE, hour_ranges, hours_between
from table_api.open_calls.open_call import OpenCall, open_calls_of, with_facts
from table_api.open_calls.packed_facts import PackedFacts
from table_api.open_calls.table import OpenCalls
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import Row, TableStorage

TRACE_ID = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch
CLOCKS_APART = timedelta(minutes=2)
"""How far the times of one request may lie apart, by the gateway's log and by its policy."""


@dataclass(frozen=True, slots=True)
class CountedCall:
    """A call, and where the ledger counts it or will."""

    call_id: str
    place: CountedAt


@dataclass(frozen=True, slots=True)
class CountedSpan:
    """The calls of a span of time."""

    calls: Sequence[CountedCall]
    rows: int
    """How many rows were read for them."""


class NewestOpenCalls:
    """Reads one table of open calls. Every method may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage
        self._open_calls = OpenCalls(storage)
        self._packed = PackedFacts(storage)

    async def first_hour(self) -> datetime | None:
        """The oldest hour of which calls are known."""
        return await self._open_calls.first_hour()

    async def by_id(self, call_id: str) -> CountedCall | None:
        """One call by the gateway's request id."""
        return next(_counted(await self._open_calls.read([call_id])), None)

    async def counted(self, start: datetime, stop: datetime) -> CountedSpan:
        """Calls that count at a time from `start` to `stop` (exclusive)."""
        rows = await self._index(start, stop)
        hours = hours_between(start - CLOCKS_APART, stop + CLOCKS_APART)
        every = with_facts(open_calls_of(rows), await self._packed.of_hours(hours))
        return _within(_counted(every), start, stop, len(rows))

    async def naming(self, text: str, start: datetime, stop: datetime) -> CountedSpan:
        """The same of calls with this session, answer id or trace id.

        Facts that a replay has packed are not searched.
        """
        rows = await self._index(start, stop)
        spelled = msgspec.json.encode(text).decode()
        marks = [f'"session":{spelled}', f'"response_id":{spelled}']
        if TRACE_ID(text):
            marks.append(f"-{text}-")
        named = {
            str(row["call_id"])
            for row in rows
            if "fact" in row and any(mark in str(row["fact"]) for mark in marks)
        }
        found = await self._open_calls.read(sorted(named))
        return _within(_counted(found), start, stop, len(rows))

    async def _index(self, start: datetime, stop: datetime) -> list[Row]:
        ranges = hour_ranges(start - CLOCKS_APART, stop + CLOCKS_APART)
        parts = await asyncio.gather(
            *(
                self._rows(partition, keys)
                for partitions, keys in ranges
                for partition in partitions
            )
        )
        return [row for part in parts for row in part]

    async def _rows(self, partition: str, keys: KeyRange) -> list[Row]:
        pages = self._storage.query(OPEN_CALLS_TABLE, partition, keys, select=COPIED)
        return [row async for page in pages for row in page]


def _counted(calls: Iterable[OpenCall]) -> Iterator[CountedCall]:
    for call in calls:
        if call.damaged:
            continue
        joined = call.joined
        if joined is not None:
            places = counted_places(joined, call.decisions)
            if not places and joined.identity is not None:  # its decision may lie further away
                places = [CountedAt(joined.identity.subject, joined.identity.time)]
        else:  # a background answer whose request nobody reported
            places = [each.place for each in call.decisions[-1:]]
        if places:
            yield CountedCall(call.call_id, places[0])


def _within(
    calls: Iterable[CountedCall], start: datetime, stop: datetime, rows: int
) -> CountedSpan:
    return CountedSpan([each for each in calls if start <= each.place.time < stop], rows)
