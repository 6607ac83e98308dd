"""The posting protocol: calls enter one partition of the ledger exactly once. The heart of it all.

One transaction creates the rows of up to OPERATIONS_MAX calls and changes the cells they count in:
a row exists exactly when it is counted. So after ANY failure, also one that leaves open whether the
transaction was done, the remedy is the same: read which of the calls stand, drop those, forget the
cells, try again. Of two transactions that race, creates and ETags let one through. Nobody ever has
to tell "my lost commit" from "somebody's duplicate".
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from table_api.errors import AlreadyExists, Rejected, StorageError, Unavailable, after_all_tries
from table_api.ledger.cells import Cell, CellCache, cell_columns
from table_api.ledger.chain_changes import (
    ChainChange,
    NewReport,
    NextRow,
    Reprice,
    Revert,
    TakeOut,
    one_of_each_ten_minutes,
    transactions_of,
)
from table_api.ledger.entries import Effect, LedgerEntry, read_entry
from table_api.ledger.entry_columns import correction_columns, entry_columns, entry_row
from table_api.ledger.keys import chain_ranges, correction_key, split_call_key
from table_api.ledger.measures import add_into, added, negated
from table_api.ledger.post_result import Listeners, Outcome, PostResult
from table_api.ledger.posting import Posting, cell_facts, kept_facts
from table_api.storage.keys import KeyRange
from table_api.storage.parallel import Turns, at_most, backoff_s
from table_api.storage.table_storage import Insert, Operation, Replace, TableStorage

PARTITIONS_IN_FLIGHT_MAX = 16
"""As many as a month has by default."""
TRIES_MAX = 12
"""Tries of one transaction before the batch is given back to the caller."""
READS_IN_FLIGHT_MAX = 8

SecondRating = Callable[[Posting, LedgerEntry], Awaitable[Posting]]
"""A stronger report as the book of the chain's last row rates it."""


class PartitionPoster:
    """Posts calls of one ledger table. One transaction at a time per partition: between two of a
    long list others have their turn.
    """

    def __init__(
        self,
        storage: TableStorage,
        cells: CellCache,
        *,
        now: Callable[[], datetime],
        rate_again: SecondRating,
        listeners: Listeners,
    ) -> None:
        self._storage = storage
        self._table = cells.table
        self._now = now
        self._rate_again = rate_again
        self._touched, self._changed_call = listeners
        self._cells = cells
        self._turns = Turns(PARTITIONS_IN_FLIGHT_MAX)

    async def post(self, partition: str, postings: Sequence[Posting]) -> dict[str, PostResult]:
        """Post calls of one partition; results by entry key. Calls are distinct.

        After TRIES_MAX tries of a transaction it raises Unavailable when storage did not answer
        the last one, and Contended when other writers won it. What was posted by then stays
        posted, and posting all of it again is harmless.
        """
        results: dict[str, PostResult] = {}
        for part in transactions_of([NextRow(NewReport(posting), posting) for posting in postings]):
            async with self._turns.turn(partition):
                await self._post_part(partition, part, results)
        return results

    async def amend(
        self, partition: str, wanted: Sequence[Reprice | Revert | TakeOut]
    ) -> dict[str, PostResult]:
        """Change standing calls of one partition; results by entry key. Calls are distinct.

        Unlike a new call, a change reads the chain before its first try. Raises as `post` does.
        """
        results: dict[str, PostResult] = {}
        async with self._turns.turn(partition):
            rows = await self._still_to_do(partition, wanted, results, answer_lost=False)
        for part in transactions_of(rows):
            async with self._turns.turn(partition):
                await self._post_part(partition, part, results)
        return results

    async def preview(self, partition: str, postings: Sequence[Posting]) -> dict[str, PostResult]:
        """What `post` would say, without writing."""
        standing = await self._standing(partition, [NewReport(posting) for posting in postings])
        results = {}
        for posting in postings:
            chain = standing.get(posting.entry_key, ())
            judged = NewReport(posting).judge(chain, answer_lost=False)
            results[posting.entry_key] = judged if isinstance(judged, PostResult) else judged.done
        return results

    async def _post_part(
        self, partition: str, rows: list[NextRow], results: dict[str, PostResult]
    ) -> None:
        failure: StorageError | None = None
        answer_lost = False
        for attempt in range(TRIES_MAX):
            try:
                if failure is not None:
                    wanted = [row.change for row in rows]
                    rows = await self._still_to_do(
                        partition, wanted, results, answer_lost=answer_lost
                    )
                if rows:
                    await self._transact(partition, rows)
                    results.update([(row.change.entry_key, row.done) for row in rows])
                return
            except Rejected as rejected:
                await self._halve(partition, rows, rejected, results)
                return
            except StorageError as error:
                failure = error
                answer_lost = answer_lost or isinstance(error, Unavailable)
                self._forget(partition, rows)
                if not isinstance(error, AlreadyExists):
                    await asyncio.sleep(backoff_s(attempt))
        raise after_all_tries(f"partition {partition}", TRIES_MAX, failure)

    async def _halve(
        self,
        partition: str,
        rows: list[NextRow],
        rejected: Rejected,
        results: dict[str, PostResult],
    ) -> None:
        """One bad row fails its whole transaction: split until it stands alone."""
        self._forget(partition, rows)
        if len(rows) == 1:
            results[rows[0].change.entry_key] = PostResult(
                outcome=Outcome.REFUSED, reason=str(rejected)
            )
            return
        middle = len(rows) // 2
        await self._post_part(partition, rows[:middle], results)
        await self._post_part(partition, rows[middle:], results)

    async def _transact(self, partition: str, rows: Sequence[NextRow]) -> None:
        keys = {cell for row in rows for cell in row.cells}
        standing, guessed = await self._cells.hold(partition, keys)
        try:
            await self._write(partition, rows, standing)
        except AlreadyExists:
            # Nothing was written: by a wrong guess, or because a call stands.
            found = await self._cells.load(partition, guessed)
            if not any(found.values()):
                raise
            await self._write(partition, rows, standing | found)

    async def _write(
        self, partition: str, rows: Sequence[NextRow], standing: Mapping[str, Cell | None]
    ) -> None:
        changed: dict[str, Cell] = {}
        now = self._now()
        inserts = [_apply(row, standing, changed, now) for row in rows]
        cells = [_cell_write(key, cell) for key, cell in changed.items()]
        etags = await self._storage.transact(self._table, partition, [*cells, *inserts])
        for (key, written), etag in zip(changed.items(), etags, strict=False):
            now_stands = Cell(written.facts, written.measures, written.rev, etag)
            self._cells.put(partition, key, now_stands)
            self._touched(partition, key, written.rev)
        for row in one_of_each_ten_minutes(rows):
            self._changed_call(row.change.entry_key)

    async def _still_to_do(
        self,
        partition: str,
        wanted: Sequence[ChainChange],
        results: dict[str, PostResult],
        *,
        answer_lost: bool,
    ) -> list[NextRow]:
        """Read which calls stand; settle those that need no row, keep the others."""
        standing = await self._standing(partition, wanted)
        left = []
        for change in wanted:
            chain = standing.get(change.entry_key, ())
            judged = change.judge(chain, answer_lost=answer_lost)
            if isinstance(judged, PostResult):
                results[change.entry_key] = judged
                self._touch(partition, chain)
                self._changed_call(change.entry_key)
            elif isinstance(change, NewReport) and judged.last is not None:
                left.append(
                    replace(judged, posting=await self._rate_again(judged.posting, judged.last))
                )
            else:
                left.append(judged)
        return left

    async def _standing(
        self, partition: str, wanted: Sequence[ChainChange]
    ) -> dict[str, list[LedgerEntry]]:
        """The chain of each call that stands, by entry key."""
        by_subject: dict[str, list[str]] = {}
        for change in wanted:
            by_subject.setdefault(change.subject, []).append(change.entry_key)
        keys = {change.entry_key for change in wanted}
        found: dict[str, list[LedgerEntry]] = {}

        async def read(span: KeyRange) -> None:
            chains: dict[str, list[LedgerEntry]] = {}
            async for page in self._storage.query(self._table, partition, span):
                for row in page:
                    key, _ = split_call_key(str(row["RowKey"]))
                    if key in keys:  # else a call between two of these
                        chains.setdefault(key, []).append(read_entry(row))  # in their order
            found.update(chains)  # two ranges may hold the same chain, whole in each

        spans = [span for of_subject in by_subject.values() for span in chain_ranges(of_subject)]
        await at_most(READS_IN_FLIGHT_MAX, map(read, spans))
        return found

    def _touch(self, partition: str, chain: Sequence[LedgerEntry]) -> None:
        """Whoever wrote these rows may have died before they projected the cells."""
        for entry in chain:
            for effect in entry.effects:
                self._touched(partition, effect.cell, effect.rev)

    def _forget(self, partition: str, rows: Iterable[NextRow]) -> None:
        for row in rows:
            for cell in row.cells:
                self._cells.forget(partition, cell)


def _apply(
    row: NextRow, standing: Mapping[str, Cell | None], changed: dict[str, Cell], now: datetime
) -> Insert:
    """Add one call to the cells of the transaction; gives its row."""
    posting, last = row.posting, row.last
    if last is None or row.because is None:
        if posting.cell is None:
            return Insert(posting.entry_key, entry_columns(posting, (), recorded_at=now))
        cell = _changing(posting.cell, posting, standing, changed)
        add_into(cell.measures, posting.measures)
        return Insert(posting.entry_key, entry_row(posting, cell.rev, recorded_at=now))
    deltas = {} if posting.cell is None else {posting.cell: posting.measures}
    if last.cell is not None:
        deltas[last.cell] = added(deltas.get(last.cell, {}), negated(last.measures))
    effects = []
    for key, delta in deltas.items():
        cell = _changing(key, posting, standing, changed)
        add_into(cell.measures, delta)
        effects.append(Effect(key, cell.rev, delta))
    columns = correction_columns(posting, effects, because=row.because, recorded_at=now)
    return Insert(correction_key(posting.entry_key, last.number + 1), columns)


def _changing(
    key: str, posting: Posting, standing: Mapping[str, Cell | None], changed: dict[str, Cell]
) -> Cell:
    """The cell as the transaction will leave it; its `rev` rises once."""
    if (cell := changed.get(key)) is not None:
        return cell
    before = standing[key]
    if before is None:
        cell = Cell(cell_facts(posting), {}, 1, None)
    else:
        facts = kept_facts(before.facts, posting)
        cell = Cell(facts, before.measures.copy(), before.rev + 1, before.etag)
    changed[key] = cell
    return cell


def _cell_write(key: str, cell: Cell) -> Operation:
    columns = cell_columns(cell)
    return Insert(key, columns) if cell.etag is None else Replace(key, columns, cell.etag)
