"""Every call of a scope in its last state, in key order: what a re-rating run looks at."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

from table_api.ledger.day_range import DayRange, MonthDays
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import CALL_ROWS, LEDGER_TABLE, month_partitions, shard_of, subject_rows
from table_api.ledger.meta import LedgerMeta
from table_api.people.people import PeopleDirectory
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.call_reads import whole_chains


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which calls a run looks at."""

    from_day: date
    to_day: date
    """The day after the last."""
    subject: str | None = None
    model: str | None = None
    """As the call's cell names it."""
    cost_centre: str | None = None
    """On the charge day."""


@dataclass(frozen=True, slots=True)
class ScopedCall:
    """A call of the scope, and its subject's cost centre on the charge day."""

    entry: LedgerEntry
    day: date
    cost_centre: str | None


async def scan(
    storage: TableStorage, meta: LedgerMeta, people: PeopleDirectory, scope: Scope
) -> AsyncIterator[ScopedCall]:
    """Calls that count, month by month and partition by partition; moved ones are left out."""
    for month in DayRange(scope.from_day, scope.to_day).months():
        shards = meta.settings.shards
        partitions = month_partitions(month.month, shards)
        if scope.subject is not None:
            partitions = [partitions[shard_of(scope.subject, shards)]]
        for partition in partitions:
            async for chain in whole_chains(_rows(storage, partition, month, scope.subject)):
                entry = read_entry(chain[-1])
                if entry.cell is None or not _within(entry, month):
                    continue
                day = entry.day
                call = ScopedCall(entry, day, people.cost_centre(entry.subject, day))
                if _wanted(call, scope):
                    yield call


async def _rows(
    storage: TableStorage, partition: str, month: MonthDays, subject: str | None
) -> AsyncIterator[Row]:
    days = (month.start, month.stop)
    keys = CALL_ROWS if subject is None else subject_rows("c", subject, days)
    async for page in storage.query(LEDGER_TABLE, partition, keys):
        for row in page:
            yield row


def _within(entry: LedgerEntry, month: MonthDays) -> bool:
    return month.start <= int(entry.entry_key.split("|", 3)[2]) < month.stop


def _wanted(call: ScopedCall, scope: Scope) -> bool:
    return (scope.model is None or call.entry.model == scope.model) and (
        scope.cost_centre is None or call.cost_centre == scope.cost_centre
    )
