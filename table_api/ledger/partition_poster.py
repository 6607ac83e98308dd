"""The posting protocol: calls enter one partition of the ledger exactly once. The heart of it all.

One transaction creates the rows of up to OPERATIONS_MAX calls and changes the cells they count in:
a row exists exactly when it is counted. So after ANY failure, also one that leaves open whether the
transaction was done, the remedy is the same: read which of the calls stand, drop those, forget the
cells, try again. Of two transactions that race, creates and ETags let one through. Nobody ever has
to tell "my lost commit" from "somebody's duplicate".
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from table_api.errors import (
    AlreadyExists,
    Rejected,
    StorageError,
    Unavailable,
)
from table_api.ledger.cells import Cell, CellCache, cell_columns
from table_api.ledger.chain_changes import ChainChange, NewReport, NextRow, Reprice, Revert
from table_api.ledger.entries import Effect, LedgerEntry, read_entry
from table_api.ledger.entry_columns import correction_columns, entry_columns
from table_api.ledger.keys import chain_range, correction_key
from table_api.ledger.measures import add_into, added, negated
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import Posting, cell_facts
from table_api.storage.keys import KeyRange
from table_api.storage.parallel import at_most, backoff_s
from table_api.storage.table_storage import OPERATIONS_MAX, Insert, Operation, Replace, TableStorage

TRIES_MAX = 12
"""Tries of one transaction before the batch is given back to the caller."""
READS_IN_FLIGHT_MAX = 8
CHAINS_READ_ONE_BY_ONE_MAX = 2
"""Up to so many calls of a subject are looked up by key; more by one read over their time span."""

SecondRating = Callable[[Posting, LedgerEntry], Awaitable[Posting]]
"""A stronger report as the book of the chain's last row rates it."""

Touched = Callable[[str, str, int], None]
"""Told (partition, cell, revision) of every cell that was changed or found to hold a call."""


class PartitionPoster:
    """Posts calls of one ledger table. One transaction at a time per partition."""

    def __init__(
        self,
        storage: TableStorage,
        cells: CellCache,
        *,
        now: Callable[[], datetime],
        rate_again: SecondRating,
        touched: Touched,
    ) -> None:
        self._storage = storage
        self._table = cells.table
        self._now = now
        self._rate_again = rate_again
        self._touched = touched
        self._cells = cells

    async def post(self, partition: str, postings: Sequence[Posting]) -> dict[str, PostResult]:
        """Post calls of one partition; results by entry key. Calls are distinct.

        Raises Unavailable when storage gives no usable answer for TRIES_MAX tries: what was
        posted by then stays posted, and posting all of it again is harmless.
        """
        results: dict[str, PostResult] = {}
        for part in transactions_of([NextRow(NewReport(posting), posting) for posting in postings]):
            await self._post_part(partition, part, results)
        return results

    async def amend(
        self, partition: str, wanted: Sequence[Reprice | Revert]
    ) -> dict[str, PostResult]:
        """Change standing calls of one partition; results by entry key. Calls are distinct.

        Unlike a new call, a change reads the chain before its first try. Raises as `post` does.
        """
        results: dict[str, PostResult] = {}
        work = await self._still_to_do(partition, wanted, results, answer_lost=False)
        for part in transactions_of(work):
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
        self, partition: str, work: list[NextRow], results: dict[str, PostResult]
    ) -> None:
        failure: StorageError | None = None
        answer_lost = False
        for attempt in range(TRIES_MAX):
            try:
                if failure is not None:
                    wanted = [item.intent for item in work]
                    work = await self._still_to_do(
                        partition, wanted, results, answer_lost=answer_lost
                    )
                if work:
                    await self._transact(partition, work)
                    results.update((item.intent.entry_key, item.done) for item in work)
                return
            except Rejected as rejected:
                await self._halve(partition, work, rejected, results)
                return
            except StorageError as error:
                failure = error
                answer_lost = answer_lost or isinstance(error, Unavailable)
                self._forget(partition, work)
                if not isinstance(error, AlreadyExists):
                    await asyncio.sleep(backoff_s(attempt))
        raise Unavailable(f"partition {partition}: {TRIES_MAX} tries, last: {failure}")

    async def _halve(
        self,
        partition: str,
        work: list[NextRow],
        rejected: Rejected,
        results: dict[str, PostResult],
    ) -> None:
        """One bad row fails its whole transaction: split until it stands alone."""
        self._forget(partition, work)
        if len(work) == 1:
            results[work[0].intent.entry_key] = PostResult(
                outcome=Outcome.REFUSED, reason=str(rejected)
            )
            return
        middle = len(work) // 2
        await self._post_part(partition, work[:middle], results)
        await self._post_part(partition, work[middle:], results)

    async def _transact(self, partition: str, work: Sequence[NextRow]) -> None:
        standing = await self._cells_of(partition, {cell for item in work for cell in item.cells})
        changed: dict[str, Cell] = {}
        rows: list[Operation] = []
        now = self._now()
        for item in work:
            effects = _apply(item, standing, changed)
            rows.append(_row_of(item, effects, now))
        changes = [_change(key, cell) for key, cell in changed.items()]
        etags = await self._storage.transact(self._table, partition, [*changes, *rows])
        for (key, written), etag in zip(changed.items(), etags, strict=False):
            self._cells.put(partition, key, replace(written, etag=etag))
            self._touched(partition, key, written.rev)

    async def _cells_of(self, partition: str, keys: Collection[str]) -> dict[str, Cell | None]:
        """The cells of a transaction, held by it: others' reads may push any out of the cache."""
        cells = self._cells.kept(partition, keys)

        async def load(key: str) -> None:
            cells[key] = await self._cells.load(partition, key)

        if unknown := [key for key in keys if key not in cells]:
            await at_most(READS_IN_FLIGHT_MAX, map(load, unknown))
        return cells

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
        for intent in wanted:
            chain = standing.get(intent.entry_key, ())
            judged = intent.judge(chain, answer_lost=answer_lost)
            if isinstance(judged, PostResult):
                results[intent.entry_key] = judged
                self._touch(partition, chain)
            elif isinstance(intent, NewReport) and judged.last is not None:
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
        for intent in wanted:
            by_subject.setdefault(intent.subject, []).append(intent.entry_key)
        keys = {intent.entry_key for intent in wanted}
        found: dict[str, list[LedgerEntry]] = {}

        async def read(of_subject: list[str]) -> None:
            for entry in await self._read_chains(partition, sorted(of_subject)):
                if entry.entry_key in keys:
                    found.setdefault(entry.entry_key, []).append(entry)  # in their order

        await at_most(READS_IN_FLIGHT_MAX, map(read, by_subject.values()))
        return found

    async def _read_chains(self, partition: str, keys: Sequence[str]) -> list[LedgerEntry]:
        if len(keys) <= CHAINS_READ_ONE_BY_ONE_MAX:
            ranges = [chain_range(key) for key in keys]
        else:
            ranges = [KeyRange(keys[0], chain_range(keys[-1]).stop)]
        entries: list[LedgerEntry] = []
        for span in ranges:
            async for page in self._storage.query(self._table, partition, span):
                entries.extend(read_entry(row) for row in page)
        return entries

    def _touch(self, partition: str, chain: Sequence[LedgerEntry]) -> None:
        """Whoever wrote these rows may have died before they projected the cells."""
        for entry in chain:
            for effect in entry.effects:
                self._touched(partition, effect.cell, effect.rev)

    def _forget(self, partition: str, work: Iterable[NextRow]) -> None:
        for item in work:
            for cell in item.cells:
                self._cells.forget(partition, cell)


def transactions_of(rows: Sequence[NextRow]) -> Iterable[list[NextRow]]:
    """Split calls so that each part and its cells fit one transaction.

    Sorted by cell, so that the calls of one cell share its change. A correction may touch another
    cell than expected here: the room for it is found by halving, since it is rare.
    """
    part: list[NextRow] = []
    cells: set[str] = set()
    for item in sorted(rows, key=lambda item: (item.posting.cell or "", item.intent.entry_key)):
        cells.update(item.cells)
        if len(part) + 1 + len(cells) > OPERATIONS_MAX:
            yield part
            part, cells = [], set(item.cells)
        part.append(item)
    if part:
        yield part


def _apply(
    item: NextRow, standing: Mapping[str, Cell | None], changed: dict[str, Cell]
) -> list[Effect]:
    """Add one call to the cells of the transaction; a cell's `rev` rises once in it."""
    posting = item.posting
    deltas = {} if posting.cell is None else {posting.cell: posting.additive}
    if item.last is not None and item.last.cell is not None:
        before = item.last.cell
        deltas[before] = added(deltas.get(before, {}), negated(item.last.additive))
    effects = []
    for key, delta in deltas.items():
        if key not in changed:
            cell = standing[key]
            changed[key] = (
                Cell(cell_facts(posting), {}, 1, None)
                if cell is None
                else replace(cell, additive=dict(cell.additive), rev=cell.rev + 1)
            )
        add_into(changed[key].additive, delta)
        effects.append(Effect(key, changed[key].rev, delta))
    return effects


def _row_of(item: NextRow, effects: Sequence[Effect], now: datetime) -> Insert:
    posting, last = item.posting, item.last
    if last is None or item.because is None:
        return Insert(posting.entry_key, entry_columns(posting, effects, recorded_at=now))
    columns = correction_columns(posting, effects, because=item.because, recorded_at=now)
    return Insert(correction_key(posting.entry_key, last.number + 1), columns)


def _change(key: str, cell: Cell) -> Operation:
    columns = cell_columns(cell)
    return Insert(key, columns) if cell.etag is None else Replace(key, columns, cell.etag)
