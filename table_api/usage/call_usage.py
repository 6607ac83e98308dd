"""Usage by what daily totals do not tell apart, such as product or session: read call by call."""

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import date

from table_api.errors import TooManyCalls
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import MODEL_COLUMNS, model_of
from table_api.ledger.keys import LEDGER_TABLE, subject_rows
from table_api.ledger.measures import (
    COUNTS,
    LAYERS,
    MEASURE_ORDER,
    QUANTITY_COLUMNS,
    decode_measures,
)
from table_api.storage.keys import KeyRange
from table_api.storage.named_rows import UNREADABLE, unreadable
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage.call_reads import whole_chains
from table_api.usage.cell_reads import PARTITIONS_READ_MAX, LedgerReads, partition_of
from table_api.usage.daily_usage import DailyUsage, totals_of

CALLS_READ_MAX = 100_000
"""Calls one question may read: about 35 µs of CPU each."""
CALL_COLUMNS = ("product", "subscription", "api", "deployment", "session")
_COLUMNS = tuple(
    dict.fromkeys(
        (
            "RowKey", "subject", "day", *MODEL_COLUMNS, *CALL_COLUMNS,
            *COUNTS, *QUANTITY_COLUMNS.values(), *LAYERS,
        )
    )
)  # fmt: skip


class CallUsage(DailyUsage, frozen=True, kw_only=True, gc=False):
    """What one call counts."""

    product: str | None = None
    subscription: str | None = None
    api: str | None = None
    deployment: str | None = None
    session: str | None = None


class CallUsageReads:
    """Reads calls of one ledger. Methods may raise Unavailable and NoLedger."""

    def __init__(self, storage: TableStorage, reads: LedgerReads) -> None:
        self._storage = storage
        self._reads = reads

    async def of(
        self, cells: Collection[DailyUsage], days: DayRange, *, calls_max: int = CALLS_READ_MAX
    ) -> list[CallUsage]:
        """The calls that these cells of some days add up. TooManyCalls past `calls_max`."""
        calls = sum(cell.totals.calls for cell in cells)
        if calls > calls_max:
            raise TooManyCalls(f"the range has {calls} calls, {calls_max} are the limit")
        shown: dict[str, set[date]] = {}
        for cell in cells:
            shown.setdefault(cell.subject, set()).add(cell.day)
        shards = (await self._reads.meta()).settings.shards
        found: list[CallUsage] = []

        async def read(subject: str, month: str, keys: KeyRange) -> None:
            partition = partition_of(month, subject, shards)
            rows = self._rows(partition, keys)
            async for chain in whole_chains(rows):
                call = _call_usage(chain[-1], partition)
                if call.day in shown[subject]:
                    found.append(call)

        await at_most(
            PARTITIONS_READ_MAX,
            (
                read(subject, month.month, subject_rows("c", subject, (month.start, month.stop)))
                for subject in sorted(shown)
                for month in days.months()
            ),
        )
        return found

    async def _rows(self, partition: str, keys: KeyRange) -> AsyncIterator[Row]:
        async for page in self._storage.query(LEDGER_TABLE, partition, keys, select=_COLUMNS):
            for row in page:
                yield row


def _call_usage(row: Row, partition: str) -> CallUsage:
    try:
        return _usage_of(row)
    except UNREADABLE as error:
        raise unreadable(LEDGER_TABLE, row | {"PartitionKey": partition}, error) from error


def _usage_of(row: Row) -> CallUsage:
    measures = decode_measures(row)
    return CallUsage(
        subject=str(row["subject"]),
        day=date.fromisoformat(str(row["day"])),
        model=model_of(row),
        totals=totals_of([measures.get(name, 0) for name in MEASURE_ORDER]),
        **{name: _text(row, name) for name in CALL_COLUMNS},
    )


def _text(row: Mapping[str, object], name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)
