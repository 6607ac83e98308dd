"""The ledger with its projection: `monthly` follows what is posted.

The order is: ledger transaction, projection of every cell touched or found already counted, marks
of the hours that may be summed without these calls, then the caller's checkpoint.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from table_api.ledger.book_archive import BookArchive
from table_api.ledger.cells import CellCache
from table_api.ledger.chain_changes import Reprice, Revert, TakeOut
from table_api.ledger.keys import LEDGER_TABLE, CallAddress
from table_api.ledger.ledger import Ledger
from table_api.ledger.meta import LedgerMeta, LedgerSettings
from table_api.ledger.post_result import Listeners, PostResult
from table_api.ledger.posting import MeteredCall, Posting
from table_api.monthly.late_calls import LateCalls
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.projection import Projection
from table_api.open_calls.summed_hours import SummedHours
from table_api.storage.table_storage import TableStorage


class ProjectedLedger:
    """Posts and amends, and projects before it returns.

    Whoever posts batch after batch posts to `ledger` and calls `project` before they save how far
    they are: most calls of a few seconds change the same rows.
    """

    def __init__(
        self,
        storage: TableStorage,
        meta: LedgerMeta,
        *,
        now: Callable[[], datetime],
        books: BookArchive | None = None,
    ) -> None:
        cells = CellCache(storage, LEDGER_TABLE)
        self._projection = Projection(storage, cells)
        self._late_calls = LateCalls(SummedHours(storage), now=now)
        self.ledger = Ledger(
            storage,
            meta,
            now=now,
            books=books,
            cells=cells,
            listeners=Listeners(self._projection.touch, self._late_calls.changed),
        )

    @classmethod
    async def open(
        cls,
        storage: TableStorage,
        settings: LedgerSettings,
        *,
        now: Callable[[], datetime],
        books: BookArchive | None = None,
    ) -> "ProjectedLedger":
        """Open both, or make them when there is none. LedgerMismatch when settings differ."""
        opened = await Ledger.open(storage, settings, now=now)
        await storage.create_table(MONTHLY_TABLE)
        await SummedHours(storage).create()
        return cls(storage, opened.meta, now=now, books=books)

    @property
    def meta(self) -> LedgerMeta:
        """What the ledger was made with."""
        return self.ledger.meta

    def place(self, call: MeteredCall) -> Posting:
        """See Ledger.place."""
        return self.ledger.place(call)

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """See Ledger.post."""
        results = await self.ledger.post(calls)
        await self.project()
        return results

    async def amend(
        self, wanted: Mapping[CallAddress, Reprice | Revert | TakeOut]
    ) -> dict[CallAddress, PostResult]:
        """See Ledger.amend."""
        results = await self.ledger.amend(wanted)
        await self.project()
        return results

    async def preview(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """See Ledger.preview."""
        return await self.ledger.preview(calls)

    async def project(self) -> None:
        """Bring `monthly` up to every call that was posted, amended or found until now.

        Raises Unavailable or Contended. Nothing is forgotten; retrying is safe.
        """
        await self._projection.project()
        await self._late_calls.mark()
