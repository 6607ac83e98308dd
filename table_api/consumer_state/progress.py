"""Table `progress`: how far each consumer group is in each partition, and what it counted so far.

A row says that everything up to its sequence number is durable. It is written before the
checkpoint, so it is never behind it; the counts stay exact when events are delivered again.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from table_api.consumer_state.groups import ConsumerGroup
from table_api.errors import Altered
from table_api.storage.keys import EVERY_ROW, encode_part
from table_api.storage.named_rows import UNREADABLE, naming
from table_api.storage.table_storage import Insert, Replace, Row, TableStorage, Value, etag_of
from table_api.storage.timestamp import parse_time

PROGRESS_TABLE = "progress"
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


class Count(StrEnum):
    """What is counted of a partition's events. `received` is the sum down to `ignored`."""

    RECEIVED = "received"
    POSTED = "posted"
    CORRECTED = "corrected"
    DUPLICATES = "duplicates"
    """Calls that stood already. An event posted just before a crash counts here afterwards."""
    DEFERRED = "deferred"
    """Left to pairing: streamed or failed without usage."""
    DEAD_LETTERED = "dead_lettered"
    KEPT = "kept"
    """By pairing, in place of the above: facts of it are kept."""
    IGNORED = "ignored"
    """By pairing: it says nothing about a call."""
    MISMATCHES = "mismatches"
    """Among duplicates and corrected: reports of equal rank that say different things."""
    UNPRICED = "unpriced"
    """Among all rated events: usage is known, a price is not."""
    NO_USAGE = "no_usage"
    """Among all rated events: nobody reported usage."""
    ZERO = "zero"
    """Among all rated events: costs nothing for a named reason."""
    PENDING = "pending"
    """Among all rated events: made in the background, and not fetched yet."""
    LOST = "lost"
    """Never received: retention took them before they were read. Not part of `received`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One row: a partition as seen by one consumer group."""

    hub: str
    group: str
    partition: str
    hub_created_at: datetime
    """Sequence numbers mean something within one life of the hub only."""
    sequence_number: int
    """Of the last event below which everything is durable; -1 before the first."""
    enqueued_time: datetime | None
    recorded_at: datetime
    counts: Mapping[Count, int]
    caught_up_at: datetime | None = None
    """When the hub was last asked and held nothing after this row; None once more is durable."""
    partitions: int | None = None
    """How many partitions the hub has."""
    gone: int = 0
    """Events after the last durable one that retention took, as the hub said when it held nothing.
    They count in LOST once a later event arrives.
    """
    stored_at: datetime | None = field(default=None, compare=False)
    """When the row was written, by the clock of the storage service. Read only."""

    @property
    def lost(self) -> int:
        """Events that retention took before they were read."""
        return self.counts.get(Count.LOST, 0) + self.gone

    @property
    def passed(self) -> datetime | None:
        """All that was enqueued until then is durable. None when nothing shows it.

        The hub or the consumer may have a wrong clock. So it is never later than the time at which
        the storage service wrote the row.
        """
        times = [each for each in (self.enqueued_time, self.caught_up_at) if each is not None]
        if not times or self.stored_at is None:
            return None
        return min(max(times), self.stored_at)

    def read_until(self, now: datetime) -> datetime | None:
        """For how long events may have waited: what is behind came after that. None before the
        first event. A time that is still to come is none, since the clock was ahead then.
        """
        is_past = self.caught_up_at is not None and self.caught_up_at <= now
        times = (self.enqueued_time, self.caught_up_at if is_past else None)
        return max((each for each in times if each is not None), default=None)


@dataclass(frozen=True, slots=True)
class StoredProgress:
    """A row as read, with what a conditional write needs."""

    progress: Progress
    etag: str
    damage: str | None = None
    """Why the row cannot be read: then `progress` has the counts that can be, and no position."""


class ProgressTable:
    """Reads and writes the rows. Every method may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def create(self) -> None:
        """Make the table when it does not stand."""
        await self._storage.create_table(PROGRESS_TABLE)

    async def read(self, hub: str, group: str, partition: str) -> StoredProgress | None:
        """One partition's row. A damaged one stops nobody: see `StoredProgress.damage`."""
        row = await self._storage.get(PROGRESS_TABLE, _key(hub, group), encode_part(partition))
        if row is None:
            return None
        try:
            return StoredProgress(_from_row(row), etag_of(row))
        except Altered as error:
            rest = _without_position(hub, group, partition, _counts_left(row))
            return StoredProgress(rest, etag_of(row), str(error))

    async def write(self, progress: Progress, etag: str | None) -> StoredProgress:
        """Replace the row that has `etag`, or create it when None.

        Raises AlreadyExists or ChangedMeanwhile when another owner of the partition wrote.
        """
        row_key, columns = encode_part(progress.partition), _columns(progress)
        change = Insert(row_key, columns) if etag is None else Replace(row_key, columns, etag)
        key = _key(progress.hub, progress.group)
        [new_etag] = await self._storage.transact(PROGRESS_TABLE, key, [change])
        return StoredProgress(progress, new_etag)

    async def of_group(self, hub: str, group: str) -> list[Progress]:
        """All partitions of a hub, by partition id. Altered when one cannot be read: what no row
        shows, nobody has read.
        """
        pages = self._storage.query(PROGRESS_TABLE, _key(hub, group), EVERY_ROW)
        return [_from_row(row) async for page in pages for row in page]

    async def readable(self, hub: str, group: str) -> list[Progress]:
        """The same without rows that cannot be read: what they showed counts as not read. Whoever
        reads the partition next replaces them.
        """
        rows: list[Progress] = []
        async for page in self._storage.query(PROGRESS_TABLE, _key(hub, group), EVERY_ROW):
            for row in page:
                with suppress(Altered):
                    rows.append(_from_row(row))
        return rows


def _key(hub: str, group: str) -> str:
    return f"{encode_part(hub)}|{encode_part(group)}"


def _columns(progress: Progress) -> dict[str, Value]:
    columns: dict[str, Value] = {
        "hub": progress.hub,
        "group": progress.group,
        "partition": progress.partition,
        "hub_created_at": progress.hub_created_at.isoformat(),
        "sequence_number": progress.sequence_number,
        "recorded_at": progress.recorded_at.isoformat(),
    }
    if progress.enqueued_time is not None:
        columns["enqueued_time"] = progress.enqueued_time.isoformat()
    if progress.caught_up_at is not None:
        columns["caught_up_at"] = progress.caught_up_at.isoformat()
    if progress.partitions is not None:
        columns["partitions"] = progress.partitions
    if progress.gone:
        columns["gone"] = progress.gone
    columns.update({f"n_{count.value}": number for count, number in progress.counts.items()})
    return columns


def _from_row(row: Row) -> Progress:
    """Altered names a row that cannot be read."""
    with naming(PROGRESS_TABLE, row):
        return _progress(row)


def _progress(row: Row) -> Progress:
    partitions = row.get("partitions")
    return Progress(
        hub=str(row["hub"]),
        group=str(row["group"]),
        partition=str(row["partition"]),
        hub_created_at=parse_time(row["hub_created_at"]),
        sequence_number=int(row["sequence_number"]),
        enqueued_time=_time(row, "enqueued_time"),
        recorded_at=parse_time(row["recorded_at"]),
        counts={count: int(row.get(f"n_{count.value}", 0)) for count in Count},
        caught_up_at=_time(row, "caught_up_at"),
        partitions=None if partitions is None else int(partitions),
        gone=int(row.get("gone", 0)),
        stored_at=parse_time(row["Timestamp"]),
    )


def _without_position(
    hub: str, group: str, partition: str, counts: Mapping[Count, int]
) -> Progress:
    """Of a life of the hub that none has."""
    return Progress(
        hub=hub,
        group=group,
        partition=partition,
        hub_created_at=_NEVER,
        sequence_number=-1,
        enqueued_time=None,
        recorded_at=_NEVER,
        counts=counts,
    )


def _counts_left(row: Row) -> dict[Count, int]:
    """The counts of a damaged row, without those that are no count."""
    counts = {}
    for count in Count:
        with suppress(*UNREADABLE):
            counts[count] = max(int(row.get(f"n_{count.value}", 0)), 0)
    return counts


def _time(row: Row, column: str) -> datetime | None:
    return parse_time(row[column]) if column in row else None


async def newest_enqueued_time(storage: TableStorage, group: ConsumerGroup) -> datetime | None:
    """When the newest event that the group is done with reached the hub; None before the first. A
    damaged row says nothing: it keeps no answer from anybody.
    """
    partitions = await ProgressTable(storage).readable(group.hub, group.group)
    times = [row.enqueued_time for row in partitions if row.enqueued_time is not None]
    return max(times, default=None)
