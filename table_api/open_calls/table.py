"""Table `opencalls`: facts about calls and what was decided from them. It owns rows, no rule.

Rows are only ever created, never changed, so writing one again is harmless; old ones are purged.
Each row stands twice: beside all rows of its call, and in an index by hour, which is written first.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from table_api.errors import AlreadyExists
from table_api.open_calls.decision import Decision, encode_decision
from table_api.open_calls.facts import Fact, encode_fact, fact_name
from table_api.open_calls.index_rows import index_rows
from table_api.open_calls.keys import (
    HOURS,
    OPEN_CALLS_TABLE,
    SAME_CALL_MAX,
    SWEEP,
    call_partition,
    call_rows,
    decision_key,
    done_key,
    fact_key,
    hour_key,
    hour_of,
    hour_partition,
    hour_ranges,
    hours_between,
)
from table_api.open_calls.open_call import (
    OpenCall,
    open_call,
    open_calls_of,
    with_facts,
)
from table_api.open_calls.packed_facts import PackedFacts
from table_api.open_calls.purging.purge import purge
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.settled import Settled, UnsettledCalls, swept_time
from table_api.open_calls.summed_hours import SummedHours, hours_over
from table_api.storage.keys import KeyRange
from table_api.storage.parallel import all_of, at_most, chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Insert,
    Operation,
    Row,
    TableStorage,
    Upsert,
    Value,
)
from telemetry.log import Log

REQUESTS_IN_FLIGHT_MAX = 16
HOURS_READ_MAX = 8
"""Partitions of the index that one report reads at once."""

_log = Log("table_api")
Writes = dict[str, dict[str, Operation]]
"""Operations by partition and row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A fact on its way into the table."""

    call_id: str
    fact: Fact
    due_from: datetime
    """The earliest time that the sweeper has not passed: a fact that comes very late is indexed
    here too, so that it is seen."""

    @property
    def is_late(self) -> bool:
        """Whether the sweeper may have passed the fact's own time."""
        return self.due_from > self.fact.time


class OpenCalls:
    """Reads and writes the rows. Every method may raise Unavailable: again is the remedy."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage
        self._requests = asyncio.Semaphore(REQUESTS_IN_FLIGHT_MAX)
        self.packed = PackedFacts(storage)
        self.unsettled = UnsettledCalls(storage)
        self._summed = SummedHours(storage)
        self._swept: datetime | None = None
        """What this process has swept: earlier hours may be summed by now."""

    async def create(self) -> None:
        """Make the table when it does not stand."""
        await self._storage.create_table(OPEN_CALLS_TABLE)
        await self._summed.create()

    async def add(self, arrivals: Iterable[Arrival]) -> None:
        """Keep facts; those that are kept already stay as they are."""
        late: set[datetime] = set()
        index: Writes = defaultdict(dict)
        rows: Writes = defaultdict(dict)
        for arrival in arrivals:
            text, fact = encode_fact(arrival.fact), arrival.fact
            row_key = fact_key(arrival.call_id, fact_name(fact, text))
            columns: dict[str, Value] = {"call_id": arrival.call_id, "fact": text}
            rows[call_partition(arrival.call_id)][row_key] = Upsert(row_key, columns)
            for time in {fact.time, max(fact.time, arrival.due_from)}:
                _add_copy(index, time, arrival.call_id, row_key, columns)
            if fact.time < arrival.due_from:
                late.update(hours_over([fact.time], arrival.due_from))
        # 1. The index. A crash after it: it names a call without facts; the event comes again.
        await self._write(index)
        # 2. The facts: from here on the sweeper finds them whatever happens.
        await self._write(rows)
        # 3. The marks of hours that may be summed without them. A crash before it: as the first.
        await self._summed.mark(late)

    async def read(self, call_ids: Iterable[str]) -> list[OpenCall]:
        """All that is kept of these calls, in their order."""
        return list(await asyncio.gather(*(self._read(call_id) for call_id in call_ids)))

    async def _read(self, call_id: str) -> OpenCall:
        async with self._requests:
            rows = await self._rows(call_partition(call_id), call_rows(call_id))
        return open_call(call_id, rows)

    async def decide(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Create decisions; those whose number is taken are refused and given back."""
        by_partition: dict[str, list[Decision]] = defaultdict(list)
        for decision in decisions:
            by_partition[call_partition(decision.call_id)].append(decision)
        refused: list[Decision] = []
        await all_of(
            self._create(partition, part, refused)
            for partition, of_partition in by_partition.items()
            for part in chunks(of_partition, OPERATIONS_MAX)
        )
        if self._swept is not None:
            times = [decision.place.time for decision in decisions]
            await self._summed.mark(set(hours_over(times, self._swept)))
        return refused

    async def _create(
        self, partition: str, decisions: Sequence[Decision], refused: list[Decision]
    ) -> None:
        rows = [
            Insert(decision_key(each.call_id, each.number), _decision_columns(each))
            for each in decisions
        ]
        try:
            async with self._requests:
                await self._storage.transact(OPEN_CALLS_TABLE, partition, rows)
        except AlreadyExists:
            if len(decisions) == 1:
                refused.extend(decisions)
                return
            middle = len(decisions) // 2
            await self._create(partition, decisions[:middle], refused)
            await self._create(partition, decisions[middle:], refused)

    async def mark_done(self, published: Iterable[tuple[Decision, datetime]]) -> None:
        """Mark decisions as published. With each goes its call's time, for the index."""
        index: Writes = defaultdict(dict)
        rows: Writes = defaultdict(dict)
        for decision, time in published:
            mark = done_key(decision.call_id, decision.number)
            rows[call_partition(decision.call_id)][mark] = Upsert(
                mark, {"call_id": decision.call_id}
            )
            row_key = decision_key(decision.call_id, decision.number)
            _add_copy(index, time, decision.call_id, row_key, _decision_columns(decision))
        # 1. The index. A crash after it: the decision is published and told once more.
        await self._write(index)
        # 2. The mark: from here on nobody looks at the decision again.
        await self._write(rows)

    async def between(self, start: datetime, stop: datetime) -> AsyncIterator[list[OpenCall]]:
        """What the index holds from `start` (inclusive) to `stop`, page by page.

        A call's rows may lie in several pages and beyond the span: `read` tells all of it. The
        decisions here are published ones.
        """
        for partitions, keys in hour_ranges(start, stop):
            for partition in partitions:
                async for page in self._storage.query(OPEN_CALLS_TABLE, partition, keys):
                    yield open_calls_of(page)

    async def indexed(
        self, call_ids: Collection[str], start: datetime, stop: datetime, *, pages_max: int
    ) -> list[OpenCall] | None:
        """What the index holds of these calls from `start` to `stop`; the decisions in it are
        published ones. None when the span has more than `pages_max` pages.
        """
        rows = await self.index_rows(call_ids, [(start, stop)], pages_max=pages_max)
        return None if rows is None else open_calls_of(rows)

    async def index_rows(
        self,
        call_ids: Collection[str],
        spans: Iterable[tuple[datetime, datetime]],
        *,
        pages_max: int,
    ) -> list[Row] | None:
        """The same of several spans, as rows."""
        return await index_rows(self._storage, call_ids, spans, pages_max=pages_max)

    async def calls(self, start: datetime, stop: datetime) -> list[OpenCall]:
        """Every call whose time is from `start` to `stop` (exclusive), whole, for reports."""
        rows: list[Row] = []

        async def read(partition: str, keys: KeyRange) -> None:
            rows.extend(await self._rows(partition, keys))

        ranges = hour_ranges(start - SAME_CALL_MAX, stop + SAME_CALL_MAX)
        await at_most(
            HOURS_READ_MAX,
            (read(partition, keys) for partitions, keys in ranges for partition in partitions),
        )
        packed = await self.packed.of_hours(
            hours_between(start - SAME_CALL_MAX, stop + SAME_CALL_MAX)
        )
        every = with_facts(open_calls_of(rows), packed)
        for each in every:
            if each.damaged:
                _log.error("open_call_unreadable", f"call {each.call_id!r} is in no report")
        return [each for each in every if each.time is not None and start <= each.time < stop]

    async def _rows(self, partition: str, keys: KeyRange) -> list[Row]:
        pages = self._storage.query(OPEN_CALLS_TABLE, partition, keys)
        return [row async for page in pages for row in page]

    async def first_hour(self) -> datetime | None:
        """The oldest hour of the index."""
        async for partition in self._storage.partitions(OPEN_CALLS_TABLE):
            hour = hour_of(partition)
            if hour is not None:
                return hour
            if partition > HOURS:
                return None
        return None

    async def swept(self) -> datetime | None:
        """The time that the sweeper has passed; None where no row says it that can be read. Then a
        sweeper begins at the oldest call that is kept, and writes the row anew.
        """
        row = await self._storage.get(OPEN_CALLS_TABLE, *SWEEP)
        return None if row is None else swept_time(row)

    async def settled(self) -> Settled | None:
        """Which calls are settled for good, for a close; None while no sweeper has said so.
        Altered names a damaged row.
        """
        row = await self._storage.get(OPEN_CALLS_TABLE, *SWEEP)
        return None if row is None else Settled.read(row)

    async def set_swept(self, time: datetime, settled: Settled | None = None) -> None:
        """Remember it. Too early a time costs a sweeper some work, so the last writer may stand."""
        self._swept = time
        partition, row_key = SWEEP
        columns: dict[str, Value] = {"time": time.isoformat()}
        if settled is not None:
            columns |= settled.columns()
        await self._storage.transact(OPEN_CALLS_TABLE, partition, [Upsert(row_key, columns)])

    async def purge(self, before: datetime, purged: PurgedHours) -> int:
        """Delete all that is kept of calls whose hour ended before `before`; how many hours.

        `purged` keeps where these calls are counted.
        """
        return await purge(self._storage, before, purged)

    async def _write(self, writes: Mapping[str, Mapping[str, Operation]]) -> None:
        async def write(partition: str, operations: Sequence[Operation]) -> None:
            async with self._requests:
                await self._storage.transact(OPEN_CALLS_TABLE, partition, operations)

        await all_of(
            write(partition, part)
            for partition, rows in writes.items()
            for part in chunks(list(rows.values()), OPERATIONS_MAX)
        )


def _add_copy(
    index: Writes, time: datetime, call_id: str, row_key: str, columns: Mapping[str, Value]
) -> None:
    copy = hour_key(time, row_key)
    index[hour_partition(time, call_id)][copy] = Upsert(copy, columns)


def _decision_columns(decision: Decision) -> dict[str, Value]:
    return {"call_id": decision.call_id, "decision": encode_decision(decision)}
