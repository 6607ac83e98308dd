"""Writes the projection `monthly`: what the ledger's cells say, by subject, model and day.

The order is: ledger transaction, projection of every cell touched or found already counted, then
the caller's checkpoint. A crash between the first two leaves a row behind its cells until the same
event comes again: it is found counted, which touches its cell.
"""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec
from msgspec.structs import replace

from table_api.errors import Rejected, Retryable, StorageError, Unavailable, after_all_tries
from table_api.ledger.cells import Cell, CellCache
from table_api.monthly.projected_day import MONTHLY_TABLE, ProjectedDay, monthly_key, project_day
from table_api.monthly.rows import MonthlyRow, MonthlyRowCache, write_of
from table_api.storage.parallel import backoff_s, chunks
from table_api.storage.table_storage import OPERATIONS_MAX, TableStorage, Value
from telemetry.log import Log
from telemetry.metrics import CounterName, count

TRIES_MAX = 12

_log = Log("table_api")


class _Day(msgspec.Struct, gc=False):
    """A day of a row that has to stand on at least these revisions."""

    partition: str
    cell: str
    """RowKey of one of its cells."""
    revs: dict[str, int]


_Days = dict[int, _Day]
_Touched = dict[tuple[str, str], int]
"""Revision by partition and cell."""


class _Change(msgspec.Struct, frozen=True, gc=False):
    key: str
    after: MonthlyRow
    """The row after the change."""
    days: tuple[int, ...]
    facts: Mapping[str, Value]
    """Of any of its cells."""


class Projection:
    """Projects what this process touched. Safe beside any number of others on the same table."""

    def __init__(self, storage: TableStorage, cells: CellCache) -> None:
        self._storage = storage
        self._cells = cells
        self._rows = MonthlyRowCache(storage)
        self._touched: _Touched = {}
        """Since the last `project` began."""
        self._left: _Touched = {}
        """Of a `project` that failed."""
        self._lock = asyncio.Lock()

    def touch(self, partition: str, cell: str, rev: int) -> None:
        """A cell has this revision in the ledger: the next `project` writes at least that."""
        _raise(self._touched, (partition, cell), rev)

    async def project(self) -> None:
        """Write all that was touched until now. Raises Unavailable or Contended, with nothing
        forgotten: retrying is safe.

        A row that cannot be read or written is left behind alone, and the audit names it. Of those
        who ask at one moment the first writes, and the others wait for it: what is touched while
        they wait is none of theirs.
        """
        touched, self._touched = self._touched, {}
        try:
            async with self._lock:
                left, self._left = self._left, {}
                for key, rev in left.items():
                    _raise(touched, key, rev)
                for month, rows in _by_month(touched).items():
                    await self._write_what_goes(month, rows)
                self._rows.trim()
        except BaseException:
            for key, rev in touched.items():
                _raise(self._left, key, rev)
            raise

    async def _write_what_goes(self, month: str, rows: dict[str, _Days]) -> None:
        """Any of the rows, or of the cells behind them, may be damaged."""
        try:
            await self._write_month(month, rows)
        except (Retryable, MemoryError):
            raise
        except Exception as error:
            if len(rows) > 1:
                keys = list(rows)
                for half in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
                    await self._write_what_goes(month, {key: rows[key] for key in half})
                return
            _left_behind("projection_failed", f"row {month} {next(iter(rows))}: {error!r}")

    async def _write_month(self, month: str, rows: dict[str, _Days]) -> None:
        failure: StorageError | None = None
        for attempt in range(TRIES_MAX):
            try:
                await self._rows.load(month, rows)
                changes = [
                    change
                    for key, days in rows.items()
                    if (change := await self._change(month, key, days)) is not None
                ]
            except Unavailable as error:
                failure, again = error, rows
            else:
                again = {}
                for part in chunks(changes, OPERATIONS_MAX):
                    if (missed := await self._write(month, part)) is not None:
                        failure = missed
                        again |= {change.key: rows[change.key] for change in part}
            if not again:
                return
            rows = again
            await asyncio.sleep(backoff_s(attempt))
        raise after_all_tries(f"projection of {month}", TRIES_MAX, failure)

    async def _change(self, month: str, key: str, days: _Days) -> _Change | None:
        """What the row lacks. Cells that are read here are read after their row, so that they
        are at least at its revisions.
        """
        row = self._rows.get(month, key)
        changes: dict[int, ProjectedDay] = {}
        facts: Mapping[str, Value] = {}
        for number, day in days.items():
            standing = row.day(number)
            if standing.holds(day.revs):
                continue
            cells = _of_row(key, day, self._cells.known(day.partition, day.cell))
            state = project_day(cells)
            if not (state.holds(day.revs) and state.holds(standing.revs)):
                cells = _of_row(key, day, await self._cells.read(day.partition, day.cell))
                state = project_day(cells)
            if state.revs == standing.revs:
                continue
            if not state.holds(standing.revs):
                where = f"row {month} {key} is ahead of the ledger: see `audit`, then `rebuild`"
                _left_behind("projection_ahead", where)
                continue
            changes[number] = state
            facts = next(iter(cells.values())).facts
        if not changes:
            return None
        return _Change(key, row.after(changes), tuple(changes), facts)

    async def _write(self, month: str, changes: Sequence[_Change]) -> StorageError | None:
        """Do all of them, or forget the rows and give the error. A row that storage refuses is
        left behind alone, and the audit names it.
        """
        writes = [write_of(each.key, each.after, each.days, each.facts) for each in changes]
        try:
            etags = await self._storage.transact(MONTHLY_TABLE, month, writes)
        except Rejected as rejected:
            if len(changes) == 1:
                _left_behind("projection_refused", f"row {month} {changes[0].key}: {rejected}")
                return None
            middle = len(changes) // 2
            first = await self._write(month, changes[:middle])
            return await self._write(month, changes[middle:]) or first
        except StorageError as error:
            self._rows.forget(month, [each.key for each in changes])
            return error
        for each, etag in zip(changes, etags, strict=True):
            self._rows.put(month, each.key, replace(each.after, etag=etag))
        return None


def _raise(touched: _Touched, key: tuple[str, str], rev: int) -> None:
    if rev > touched.get(key, 0):
        touched[key] = rev


def _left_behind(action: str, where: str) -> None:
    count(CounterName.PROJECTION_FAILURES, 1)
    _log.error(action, where)


def _by_month(touched: _Touched) -> dict[str, dict[str, _Days]]:
    """By month, row and day."""
    months: dict[str, dict[str, _Days]] = {}
    for (partition, cell), rev in touched.items():
        try:
            key, number, line = monthly_key(cell)
        except ValueError:  # of a damaged row of the ledger
            _left_behind("projection_failed", f"{cell!r} in {partition} is no cell's key")
            continue
        days = months.setdefault(partition[:6], {}).setdefault(key, {})
        if (day := days.get(number)) is None:
            days[number] = _Day(partition, cell, {line: rev})
        else:
            day.revs[line] = rev
    return months


def _of_row(key: str, day: _Day, cells: Mapping[str, Cell]) -> dict[str, Cell]:
    """The cells of a subject-day that a row counts, by line."""
    if len(cells) == 1 and day.cell in cells:  # of most subjects
        return {day.cell.rpartition("|")[2]: cells[day.cell]}
    of_row = {}
    for name, cell in cells.items():
        row_key, _, line = monthly_key(name)
        if row_key == key:
            of_row[line] = cell
    return of_row
