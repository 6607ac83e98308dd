"""A poster that watches: what an event says now beside what its own row in the ledger says.

Only a row that stands on this very event is compared, with the book and the cost centre of the
row: so a difference is the decoder's or the engine's, never another report's or another price's.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

import msgspec

from consumers.errors import ReplayRefused
from consumers.rerating.diff import Diff
from consumers.rerating.stage import Staging
from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.book import Book
from pricing_rules.types import UsageEvent
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.chain_changes import Repricing
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall, Posting
from table_api.ledger.recorded_call import differs, state_digest
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.rerating.pairs import Pair, encode_pairs
from table_api.rerating.scope import Scope, ScopedCall

DIFFERENCES_MAX = 100_000
"""Differing calls that one replay keeps: about 100 MB. More say that a period is too long."""
EACH_OWN = "each call's own"
"""In place of a book's version: a difference changes no prices."""


class Difference(NamedTuple):
    """A row that would be another one today."""

    row: LedgerEntry
    after: Posting
    """As the event would be posted now."""
    call: MeteredCall
    """As the event is read now."""


class WatchingPoster:
    """Posts, or only looks, and keeps what differs."""

    def __init__(self, ledger: ProjectedLedger, books: BookArchive, *, dry_run: bool) -> None:
        self._ledger = ledger
        self._books = books
        self._post = ledger.preview if dry_run else ledger.post
        self._found: dict[tuple[str, str], Difference] = {}
        self._book_of: dict[str, Book | None] = {}
        self._not_compared: Counter[str] = Counter()

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """See consumers.metering.metering.Poster. ReplayRefused past DIFFERENCES_MAX."""
        results = await self._post(calls)
        for call, result in zip(calls, results, strict=True):
            if result.outcome is Outcome.DUPLICATE and result.standing is not None:
                await self._compare(call, result.standing)
        return results

    @property
    def found(self) -> list[Difference]:
        """Rows that differ, by partition and entry key."""
        return [self._found[address] for address in sorted(self._found)]

    @property
    def not_compared(self) -> list[str]:
        """Where nobody can say whether something differs, and why."""
        return [f"{calls} calls: {why}" for why, calls in sorted(self._not_compared.items())]

    async def _compare(self, call: MeteredCall, row: LedgerEntry) -> None:
        if row.cell is None or not row.stands_on(call.origin):
            return
        version = row.book_version
        book = await self._book(version)
        if book is None:
            self._not_compared[f"their book {version} is not in the archive, or is damaged"] += 1
            return
        if not self._in_currencies_of_the_ledger(book):
            self._not_compared[f"their book {version} has other currencies than the ledger"] += 1
            return
        event = call.priced.event
        cost_centre = row.cost_centre if row.has_cost else call.cost_centre
        priced = rate(event, book, cost_centre)
        after = self._ledger.place(
            MeteredCall(priced=priced, origin=row.origin, cost_centre=cost_centre)
        )
        if after.report == row.report and not differs(row, after):
            return
        # A row names a cost centre only where a rule used it: what it becomes may use the caller's.
        own = row.cost_centre or call.cost_centre
        if own != cost_centre:
            priced = rate(event, book, own)
            after = self._ledger.place(
                MeteredCall(priced=priced, origin=row.origin, cost_centre=own)
            )
        if len(self._found) == DIFFERENCES_MAX:
            raise ReplayRefused(f"over {DIFFERENCES_MAX} calls differ: replay a part at a time")
        self._found[row.partition, row.entry_key] = Difference(row, after, after.call)

    def _in_currencies_of_the_ledger(self, book: Book) -> bool:
        of_ledger = self._ledger.meta.settings
        return (book.pricing_currency, book.billing_currency) == (
            of_ledger.pricing_currency,
            of_ledger.billing_currency,
        )

    async def _book(self, version: str) -> Book | None:
        if version not in self._book_of:
            try:
                self._book_of[version] = await self._books.get(version)
            except InvalidBook:
                self._book_of[version] = None
        return self._book_of[version]


def _without_caller_id(event: UsageEvent) -> UsageEvent:
    """No price and no row has the caller's object id: a document is no place for it either."""
    return msgspec.structs.replace(event, caller=msgspec.structs.replace(event.caller, oid=None))


def staged(found: Sequence[Difference], currencies: tuple[str, str]) -> Staging:
    """What differs as a run to be reviewed. ReplayRefused when nothing does."""
    if not found:
        raise ReplayRefused("nothing differs: there is nothing to stage")
    diff, pairs, days = Diff(), [], []
    for row, after, call in found:
        days.append(row.day)
        scoped = ScopedCall(row, row.day, call.cost_centre)
        diff.add(scoped, row.model, after=after, changed=True)
        pairs.append(
            Pair(
                partition=row.partition,
                entry_key=row.entry_key,
                subject=row.subject,
                number=row.number,
                before=state_digest(row),
                after=Repricing.of(call.priced),
                event=_without_caller_id(call.priced.event),
            )
        )
    return Staging(
        scope=Scope(from_day=min(days), to_day=max(days) + timedelta(days=1)),
        book_version=EACH_OWN,
        currencies=currencies,
        pairs=encode_pairs(pairs),
        diff=diff,
        lost=Counter(),
    )
