"""Books that price otherwise, runs over a ledger in one call, and what is wrong with a history."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cache
from itertools import pairwise

import msgspec

from consumers.rerating.apply import RunWorker
from consumers.rerating.stage import Staging, keep_staging, rate_scope
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rate_card import Alias
from table_api.audit.ledger_audit import audit
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.ledger import Ledger
from table_api.ledger.measures import additive_of
from table_api.ledger.meta import read_meta
from table_api.ledger.recorded_call import recorded_event, state_digest
from table_api.people.people import PeopleDirectory
from table_api.rerating.run import Rerating
from table_api.rerating.runs_table import Reratings
from table_api.rerating.scope import Scope, scan
from table_api.storage.blobs import Documents
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.table_storage import TableStorage
from tests.calls import NOW, book
from tests.contracts.ledger import entries_and_cells

NOVEMBER = Scope(from_day=date(2026, 11, 1), to_day=date(2026, 12, 1))
NOBODY = PeopleDirectory(())
LAB = Alias(
    name="lab-model-x",
    provider="azure",
    model="gpt-4o",
    version="2024-11-20",
    type="GlobalStandard",
    region="swedencentral",
)
"""The alias that the demonstration's book leaves out."""


@cache
def dearer_book(factor: int, *, lab: bool = False) -> Book:
    """The tests' book with every list price times `factor`; `lab` adds the missing alias."""
    content = book().content
    cards = tuple(
        msgspec.structs.replace(
            card,
            tiers=tuple(
                msgspec.structs.replace(
                    tier, rates={unit: price * factor for unit, price in tier.rates.items()}
                )
                for tier in card.tiers
            ),
        )
        for card in content.cards
    )
    aliases = (*content.aliases, LAB) if lab else content.aliases
    return Book(msgspec.structs.replace(content, cards=cards, aliases=aliases), book().sources)


@dataclass(frozen=True, kw_only=True)
class History:
    """A ledger whose prices can be corrected."""

    storage: TableStorage
    documents: Documents
    books: BookArchive
    now: Callable[[], datetime] = lambda: NOW

    @classmethod
    def over(cls, storage: TableStorage, documents: Documents | None = None) -> "History":
        kept = documents or MemoryBlobStore()
        return cls(storage=storage, documents=kept, books=BookArchive(kept))

    def on(self, storage: TableStorage) -> "History":
        """The same through another path to the storage."""
        return replace(self, storage=storage)

    @property
    def reratings(self) -> Reratings:
        return Reratings(self.storage)

    async def ledger(self) -> Ledger:
        meta = await read_meta(self.storage)
        assert meta is not None
        return Ledger(self.storage, meta, now=self.now, books=self.books)

    async def staging(
        self, new: Book, scope: Scope = NOVEMBER, people: PeopleDirectory = NOBODY
    ) -> Staging:
        """The scope rated with another book; nothing is written."""
        ledger = await self.ledger()
        calls = scan(self.storage, ledger.meta, people, scope)
        return await rate_scope(calls, new, scope, place=ledger.place)

    async def stage(
        self, new: Book, scope: Scope = NOVEMBER, people: PeopleDirectory = NOBODY
    ) -> Rerating:
        """A staged run."""
        await self.books.keep(new)
        staging = await self.staging(new, scope, people)
        return await keep_staging(staging, self.reratings, self.documents, at=self.now())

    async def approved(
        self, new: Book, scope: Scope = NOVEMBER, people: PeopleDirectory = NOBODY
    ) -> str:
        """An approved run's id."""
        run = (await self.stage(new, scope, people)).run
        await self.reratings.approve(run, by="ada", why="a corrected price", at=self.now())
        return run

    async def worker(self) -> RunWorker:
        return RunWorker(await self.ledger(), self.reratings, self.documents, now=self.now)

    async def apply(self, run: str, *, batch_calls: int = 500) -> Rerating:
        worker = await self.worker()
        return await worker.apply(run, batch_calls=batch_calls, progressed=lambda done, of: None)

    async def revert(self, run: str, *, batch_calls: int = 500) -> Rerating:
        return await (await self.worker()).revert(
            run,
            by="grace",
            why="the price was right",
            batch_calls=batch_calls,
            progressed=lambda done, of: None,
        )

    async def chains(self) -> dict[str, list[LedgerEntry]]:
        """Every chain by its entry key."""
        entries, _ = await entries_and_cells(self.storage)
        chains: dict[str, list[LedgerEntry]] = {}
        for entry in entries:
            chains.setdefault(entry.entry_key, []).append(entry)
        return chains

    async def flaws(self) -> list[str]:
        """What an audit, and the rules of a chain, find wrong."""
        found = list((await audit(self.storage, now=NOW)).problems)
        for key, chain in (await self.chains()).items():
            async for flaw in self._flaws(chain):
                found.append(f"{key}: {flaw}")
        return found

    async def _flaws(self, chain: list[LedgerEntry]) -> AsyncIterator[str]:
        if [entry.number for entry in chain] != list(range(len(chain))):
            yield "has a gap"
        for before, after in pairwise(chain):
            why = after.text("correction")
            if why == "stronger report" and after.text("book_version") != before.text(
                "book_version"
            ):
                yield f"row {after.number}: a stronger report changed the book"
            if why == "revert" and state_digest(after) != state_digest(chain[before.number - 1]):
                yield f"row {after.number}: not what stood before the run"
            if why == "re-rating" and after.report != before.report:
                yield f"row {after.number}: a run changed the report"
        for entry in chain:
            known = await self.books.get(str(entry.row["book_version"]))
            if known is None or entry.text("state") == "moved":
                continue
            event = recorded_event(entry)
            again = {n: a for n, a in additive_of(rate(event, known)).items() if a}
            if again != {n: a for n, a in entry.additive.items() if a}:
                yield f"row {entry.number}: not what its book says of its report"
