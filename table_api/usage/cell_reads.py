"""The ledger's reads of usage: its settings and the DailyUsage cells of a range. No writes."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from table_api.errors import TooManyCells
from table_api.ledger.day_range import DayRange, MonthDays, months_back
from table_api.ledger.keys import CELL_ROWS, LEDGER_TABLE, month_partitions, shard_of, subject_rows
from table_api.ledger.meta import LedgerMeta, read_ledger_meta
from table_api.storage.keys import KeyRange
from table_api.storage.named_rows import UNREADABLE, naming
from table_api.storage.parallel import all_of, at_most
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import is_recent
from table_api.usage.daily_usage import USAGE_COLUMNS, DailyUsage, read_daily_usage

PARTITIONS_READ_MAX = 8
"""Partition queries in flight for one question."""
CELLS_READ_MAX = 400_000
"""Cells one question may read: about 300 MB."""
SETTINGS_AGE_S_MAX = 300
"""Transitions of the billing zone are appended once a year; nothing else of them changes."""
MONTHS_LOOKED_BACK = 13
"""How far back a subject without usage in the range is looked for."""


class LedgerReads:
    """Reads one ledger. Every method may raise Unavailable, NoLedger before it is made, and Altered
    for a row that is damaged.
    """

    def __init__(self, storage: TableStorage, *, now: Callable[[], datetime]) -> None:
        self._storage = storage
        self._now = now
        self._meta: LedgerMeta | None = None
        self._meta_read_at: datetime | None = None

    def now(self) -> datetime:
        """The time now."""
        return self._now()

    async def meta(self) -> LedgerMeta:
        """The ledger's settings, at most SETTINGS_AGE_S_MAX old."""
        age_max = timedelta(seconds=SETTINGS_AGE_S_MAX)
        if self._meta is None or not is_recent(
            self._meta_read_at, now=self._now(), age_max=age_max
        ):
            return await self.fresh_meta()
        return self._meta

    async def fresh_meta(self) -> LedgerMeta:
        """The ledger's settings, read now."""
        meta = await read_ledger_meta(self._storage)
        self._meta, self._meta_read_at = meta, self._now()
        return meta

    async def usage(self, days: DayRange) -> list[DailyUsage]:
        """The cells of all subjects. TooManyCells when there are more than CELLS_READ_MAX."""
        shards = (await self.meta()).settings.shards
        cells: list[DailyUsage] = []

        async def read(partition: str, month: MonthDays) -> None:
            for cell in await self._cells(partition, CELL_ROWS):
                if month.start <= cell.day.day < month.stop:
                    cells.append(cell)
            if len(cells) > CELLS_READ_MAX:
                raise TooManyCells(f"the range has more than {CELLS_READ_MAX} cells")

        await at_most(
            PARTITIONS_READ_MAX,
            (
                read(partition, month)
                for month in days.months()
                for partition in month_partitions(month.month, shards)
            ),
        )
        return cells

    async def subject_usage(self, subject: str, days: DayRange) -> list[DailyUsage]:
        """The cells of one subject: one partition query a month."""
        shards = (await self.meta()).settings.shards
        cells: list[DailyUsage] = []
        for month in days.months():
            partition = partition_of(month.month, subject, shards)
            of_days = subject_rows("d", subject, (month.start, month.stop))
            cells.extend(await self._cells(partition, of_days))
        return cells

    async def knows(self, subject: str, day: date) -> bool:
        """Whether a subject has any cell in the month of `day` or the months before it."""
        shards = (await self.meta()).settings.shards
        found: list[str] = []

        async def look(partition: str) -> None:
            pages = self._storage.query(
                LEDGER_TABLE, partition, subject_rows("d", subject), select=["RowKey"], rows_max=1
            )
            async for page in pages:
                found.extend(str(row["RowKey"]) for row in page)

        await all_of(
            look(partition_of(month, subject, shards))
            for month in months_back(day, MONTHS_LOOKED_BACK)
        )
        return bool(found)

    async def _cells(self, partition: str, keys: KeyRange) -> Iterable[DailyUsage]:
        cells: list[DailyUsage] = []
        pages = self._storage.query(LEDGER_TABLE, partition, keys, select=USAGE_COLUMNS)
        try:
            async for page in pages:
                cells += read_daily_usage(page)
        except UNREADABLE:
            await self._name_damaged(partition, keys)
            raise  # no cell is damaged any more
        return cells

    async def _name_damaged(self, partition: str, keys: KeyRange) -> None:
        """Altered for the first cell that cannot be read: a page is read as one and names none."""
        select = (*USAGE_COLUMNS, "PartitionKey", "RowKey")
        async for page in self._storage.query(LEDGER_TABLE, partition, keys, select=select):
            for row in page:
                with naming(LEDGER_TABLE, row):
                    read_daily_usage([row])


def partition_of(month: str, subject: str, shards: int) -> str:
    """A subject's partition in a month given as `yyyymm`."""
    return month_partitions(month, shards)[shard_of(subject, shards)]
