"""Up to when the whole ledger is sent, and under which names: rows `until` of table `published`."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from table_api.publishing.marks import PUBLISHED_TABLE
from table_api.storage.keys import EVERY_ROW
from table_api.storage.named_rows import UNREADABLE
from table_api.storage.table_storage import Row, TableStorage, Upsert, Value
from table_api.storage.timestamp import parse_time, timestamp
from telemetry.log import Log

_log = Log("table_api")

UNTIL_PARTITION = "until"
"""Rows that say up to when all is sent, one for each range of shards."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What the last complete pass over a shard noted."""

    until: datetime | None
    """All that `monthly` had at this time is sent; None where a damaged row does not say it."""
    names: str | None
    """Digest of the key of the pseudonyms; None where an earlier release noted none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The newest note of each shard."""

    of_shard: dict[int, Noted]
    shards: int
    """How many the ledger has, as far as it is noted."""

    @property
    def until(self) -> datetime | None:
        """Up to when all is sent; None while any shard has had no complete pass."""
        if len(self.of_shard) < self.shards:
            return None
        known = [noted.until for noted in self.of_shard.values() if noted.until is not None]
        return min(known, default=None) if len(known) == len(self.of_shard) else None

    def has_other_names(self, names: str, shards: Iterable[int] | None = None) -> bool:
        """Whether any of the shards was sent under names of another key."""
        of_shard = self.of_shard
        noted = [of_shard[each] for each in shards or of_shard if each in of_shard]
        return any(each.names not in {None, names} for each in noted)

    @property
    def hides(self) -> bool:
        """Whether any of the shards was sent under pseudonyms."""
        return any(noted.names for noted in self.of_shard.values())


NO_PROGRESS = Progress({}, 0)


async def read_progress(storage: TableStorage) -> Progress:
    """All notes. Raises Unavailable. What a damaged row does not say is not sent yet: the next pass
    over its shards writes it anew.
    """
    of_shard: dict[int, Noted] = {}
    every = 0
    async for page in storage.query(PUBLISHED_TABLE, UNTIL_PARTITION, EVERY_ROW):
        for row in page:
            noted = _noted(row)
            with _logging_damage(row):
                every = max(every, int(row.get("shards", 0)))
            with _logging_damage(row):
                first, _, last = str(row["RowKey"]).partition("-")
                for shard in range(int(first), int(last) + 1):
                    known = of_shard.get(shard)
                    if known is None or _is_older(known, noted):
                        of_shard[shard] = noted
    return Progress(of_shard, every)


def _noted(row: Row) -> Noted:
    until, names = None, row.get("names")
    with _logging_damage(row):
        until = parse_time(row["until"]).astimezone(UTC)
    return Noted(until=until, names=None if names is None else str(names))


def _is_older(known: Noted, noted: Noted) -> bool:
    """Ranges of an earlier split are."""
    return noted.until is not None and (known.until is None or known.until < noted.until)


@contextmanager
def _logging_damage(row: Row) -> Iterator[None]:
    try:
        yield
    except UNREADABLE as error:
        where = f"row {PUBLISHED_TABLE} {UNTIL_PARTITION} {row['RowKey']}"
        _log.error("mark_unreadable", f"{where}: {error!r}; its shards count as not sent")


async def note_until(
    storage: TableStorage, shards: range, until: datetime, *, names: str, every: int
) -> None:
    """Say that all that `monthly` had of these shards at this time is sent under these names."""
    columns: dict[str, Value] = {"until": timestamp(until), "names": names, "shards": every}
    row = Upsert(f"{shards.start:02d}-{shards.stop - 1:02d}", columns)
    await storage.transact(PUBLISHED_TABLE, UNTIL_PARTITION, [row])
