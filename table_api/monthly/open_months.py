"""Answers of the running month, brought up to the rows that have changed since.

A question that is asked for the second time keeps what it read of each row, and its sums. From
then on it learns the time stamps of all rows, and reads of the rows only those whose stamp is
another. A row gets another time stamp with every change: its ETag is made of it. So an answer is
what one that is read from the start would be, as far as the stamps are of now: see month_stamps.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from time import monotonic_ns
from typing import Any, Generic, Protocol, TypeVar

from table_api.monthly.month_stamps import Clock, MonthStamps, Stamps, Ticks, sortable
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.shared_read import SharedRead
from table_api.storage.keys import EVERY_ROW
from table_api.storage.table_storage import Row, TableStorage
from table_api.storage.timestamp import now_utc

ROWS_KEPT_MAX = 50_000
"""Rows of all kept questions together. One of ten days with calls takes 1.7 KB, so about 85 MB."""
QUESTIONS_KEPT_MAX = 100
QUESTIONS_KNOWN_MAX = 1_000
"""So many questions are known to have been asked once."""
MONTHS_MAX = 2
"""Months whose time stamps are kept, 0.2 KB a row: one ends while another begins."""
CHANGED_SHARE = 4
"""Where more than a quarter of the rows has changed, all are read."""

A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)


class MonthSums(Protocol[A_co]):
    """The sums that one question is answered from."""

    @property
    def columns(self) -> Sequence[str]:
        """What they need of each row."""

    def put(self, rows: Mapping[str, Row | None]) -> object:
        """Rows as they are now, by key; None where there is none any more. After an error it is
        of no more use.
        """

    def answer(self) -> A_co:
        """From all rows that were put. Nobody may change it, and it stays as it is."""


class _Kept(Generic[A]):
    """One question: its sums, and the time stamps of the rows in them."""

    def __init__(
        self,
        storage: TableStorage,
        month: str,
        stamps: MonthStamps,
        sums: Callable[[], MonthSums[A]],
    ) -> None:
        self._rows = _Rows(storage, month, sums().columns)
        self._stamps = stamps
        self._new_sums = sums
        self._known: tuple[MonthSums[A], Stamps, A] | None = None
        self.answer = SharedRead(self._read)

    def __len__(self) -> int:
        """The number of rows that it knows."""
        return len(self._known[1]) if self._known is not None else 0

    async def _read(self) -> A:
        """One at a time: whatever is read now is at least as new as what is known."""
        known = await self._brought_up(*self._known) if self._known is not None else None
        self._known = known or await self._from_the_start()
        return self._known[2]

    async def _brought_up(
        self, sums: MonthSums[A], known: Stamps, answer: A
    ) -> tuple[MonthSums[A], Stamps, A] | None:
        """The same with what has changed; None where all is to be read."""
        stamps = await self._stamps.recent()
        if stamps == known:
            return sums, stamps, answer
        if not known.keys() <= stamps.keys():  # gone, or it came where `recent` did not look
            stamps = await self._stamps.looked_through()
        changed = {key: stamp for key, stamp in stamps.items() if known.get(key) != stamp}
        gone = known.keys() - stamps.keys()
        if (len(changed) + len(gone)) * CHANGED_SHARE > len(stamps):
            return None
        rows: dict[str, Row | None] = dict.fromkeys(gone)
        if changed:
            found = await self._rows.changed(min(changed.values(), key=sortable))
            if not changed.keys() <= found.keys():
                return None
            stamps = {**stamps, **{key: stamp for key, (stamp, _) in found.items()}}
            rows |= {key: row for key, (_, row) in found.items()}
        self._known = None  # an error leaves nothing half done
        sums.put(rows)
        return sums, stamps, sums.answer()

    async def _from_the_start(self) -> tuple[MonthSums[A], Stamps, A]:
        sums, found = self._new_sums(), await self._rows.all()
        sums.put({key: row for key, (_, row) in found.items()})
        return sums, {key: stamp for key, (stamp, _) in found.items()}, sums.answer()


_Found = dict[str, tuple[str, Row]]
"""Time stamp and other columns by key."""


class _Rows:
    """Some columns of the rows of one month."""

    def __init__(self, storage: TableStorage, month: str, columns: Sequence[str]) -> None:
        self._storage = storage
        self._month = month
        self._select = ("RowKey", "Timestamp", *columns)

    async def all(self) -> _Found:
        """Every row."""
        found: _Found = {}
        pages = self._storage.query(MONTHLY_TABLE, self._month, EVERY_ROW, select=self._select)
        async for page in pages:
            _take(page, found)
        return found

    async def changed(self, since: str) -> _Found:
        """Those with this time stamp or a later one."""
        found: _Found = {}
        pages = self._storage.changed(MONTHLY_TABLE, self._month, since, select=self._select)
        async for page in pages:
            _take(page, found)
        return found


def _take(page: list[Row], found: _Found) -> None:
    for row in page:
        key = str(row.pop("RowKey"))
        found[key] = str(row.pop("Timestamp")), row


class OpenMonths:
    """What was asked last of running months. One for each app."""

    def __init__(
        self, *, rows_max: int = ROWS_KEPT_MAX, now: Clock = now_utc, ticks: Ticks = monotonic_ns
    ) -> None:
        """`now` is the time on this machine, `ticks` its nanoseconds that never run backwards."""
        self._rows_max = rows_max
        self._now = now
        self._ticks = ticks
        self._asked: OrderedDict[Hashable, bool] = OrderedDict()
        """Whether a question that was answered before may be kept: not where it has more rows than
        all together may have.
        """
        self._kept: OrderedDict[Hashable, _Kept[Any]] = OrderedDict()
        self._stamps: OrderedDict[str, MonthStamps] = OrderedDict()

    async def answer(
        self,
        storage: TableStorage,
        month: str,
        question: Hashable,
        *,
        sums: Callable[[], MonthSums[A]],
        first: Callable[[], Awaitable[A]],
    ) -> A:
        """From what is kept. `first` answers a question that is not: nobody has asked it before,
        `first` has refused it, or it is too large to be kept.
        """
        kept = self._kept.get(question)
        if kept is None:
            if not self._asked.get(question, False):
                found = await first()
                self._note(question)
                return found
            kept = _Kept(storage, month, self._stamps_of(storage, month), sums)
            self._kept[question] = kept
        self._kept.move_to_end(question)
        answer: A = await kept.answer.value()
        if len(kept) > self._rows_max:
            self._asked[question] = False
            self._kept.pop(question, None)
        self._trim()
        return answer

    def _note(self, question: Hashable) -> None:
        self._asked.setdefault(question, True)
        while len(self._asked) > QUESTIONS_KNOWN_MAX:
            self._asked.popitem(last=False)

    def _stamps_of(self, storage: TableStorage, month: str) -> MonthStamps:
        """One for all questions about a month."""
        if month not in self._stamps:
            self._stamps[month] = MonthStamps(storage, month, now=self._now, ticks=self._ticks)
            while len(self._stamps) > MONTHS_MAX:
                self._stamps.popitem(last=False)
        return self._stamps[month]

    def _trim(self) -> None:
        """Drop the questions that were asked longest ago."""
        while len(self._kept) > QUESTIONS_KEPT_MAX or self._rows_kept() > self._rows_max:
            self._kept.popitem(last=False)

    def _rows_kept(self) -> int:
        return sum(map(len, self._kept.values()))
