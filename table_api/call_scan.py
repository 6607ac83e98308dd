"""Every call of a scope in its last state, in key order: what a re-rating run looks at."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date

from table_api.call_reads import model_of, whole_chains
from table_api.entries import LedgerEntry, read_entry
from table_api.keys import CALL_ROWS, month_partitions, shard_of, subject_rows
from table_api.ledger import LEDGER_TABLE
from table_api.meta import LedgerMeta
from table_api.people import PeopleDirectory
from table_api.periods import DayRange, MonthDays
from table_api.rerating import Scope
from table_api.storage import Row, TableStorage


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
                day = date.fromisoformat(str(entry.row["day"]))
                call = ScopedCall(entry, day, people.cost_centre(str(entry.row["subject"]), day))
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
    return (scope.model is None or model_of(call.entry.row) == scope.model) and (
        scope.cost_centre is None or call.cost_centre == scope.cost_centre
    )
