"""The ledger: append-only chains of calls and the DailyUsage cells that always equal their sum."""

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.errors import InvalidBook
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.cells import CellCache
from table_api.ledger.chain_changes import Reprice, Revert, TakeOut
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import LEDGER_TABLE, CallAddress
from table_api.ledger.meta import LedgerMeta, LedgerSettings, open_meta
from table_api.ledger.partition_poster import PartitionPoster
from table_api.ledger.post_result import NOBODY, Listeners, Outcome, PostResult
from table_api.ledger.posting import MeteredCall, Posting, Report, make_posting, make_reversal
from table_api.storage.parallel import all_of, in_turns
from table_api.storage.table_storage import TableStorage
from telemetry.log import Log

_log = Log("table_api")

CONFIRMED_CALLS_MAX = 50_000
"""Calls this process knows to stand, to drop near duplicates without a request: about 15 MB."""


class Ledger:
    """Writes calls. One per process; safe beside any number of others on the same tables."""

    def __init__(
        self,
        storage: TableStorage,
        meta: LedgerMeta,
        *,
        now: Callable[[], datetime],
        books: BookArchive | None = None,
        cells: CellCache | None = None,
        listeners: Listeners = NOBODY,
    ) -> None:
        self.meta = meta
        self._calendar = meta.calendar
        self._books = books
        self._poster = PartitionPoster(
            storage,
            cells or CellCache(storage, LEDGER_TABLE),
            now=now,
            rate_again=self._with_last_book,
            listeners=listeners,
        )
        self._confirmed: OrderedDict[str, Report] = OrderedDict()
        """By entry key, which names a call in all of the ledger: its partition follows from it."""

    @classmethod
    async def open(
        cls,
        storage: TableStorage,
        settings: LedgerSettings,
        *,
        now: Callable[[], datetime],
        books: BookArchive | None = None,
    ) -> "Ledger":
        """Open the ledger, or make it when there is none. LedgerMismatch when settings differ.

        With `books` a stronger report is rated with the book that its chain stands on.
        """
        meta = await open_meta(storage, settings, now=now())
        await storage.create_table(LEDGER_TABLE)
        return cls(storage, meta, now=now, books=books)

    def place(self, call: MeteredCall) -> Posting:
        """Where a call is in this ledger. LedgerMismatch when it is priced in other currencies."""
        return make_posting(call, self._calendar, self.meta.settings)

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """Post calls, each exactly once whatever was posted before; results in their order.

        Any order and any batching gives the same ledger. Raises Unavailable when storage does
        not answer, and Contended when other writers won every try: posting the same calls again is
        safe.

        A report that replaces another address is posted first; then the call is taken out of that
        address. A crash between the two leaves it in both until the same report comes again. A
        report that storage refuses takes nothing out: the call goes on to count where it stands.
        """
        postings = [self.place(call) async for part in in_turns(calls) for call in part]
        results = await self._post_all(postings)
        reversals = [
            (index, reversal)
            for index, call in enumerate(calls)
            if call.priced.event.replaces is not None
            and results[index].outcome is not Outcome.REFUSED
            and (reversal := make_reversal(call, self._calendar, self.meta.settings)) is not None
        ]
        reversed_ = await self._post_all([reversal for _, reversal in reversals])
        for (index, _), result in zip(reversals, reversed_, strict=True):
            if result.outcome is Outcome.REFUSED:
                results[index] = result  # else the call would count in two addresses for ever
        return results

    async def amend(
        self, wanted: Mapping[CallAddress, Reprice | Revert | TakeOut]
    ) -> dict[CallAddress, PostResult]:
        """Change standing calls as a re-rating run wants it; the same again changes nothing.

        Raises as `post` does.
        """
        results: dict[CallAddress, PostResult] = {}
        by_partition: dict[str, list[Reprice | Revert | TakeOut]] = {}
        for address, change in wanted.items():
            by_partition.setdefault(address.partition, []).append(change)

        async def amend(partition: str, changes: list[Reprice | Revert | TakeOut]) -> None:
            by_key = await self._poster.amend(partition, changes)
            results.update((CallAddress(partition, key), result) for key, result in by_key.items())

        await all_of(amend(partition, changes) for partition, changes in by_partition.items())
        return results

    async def preview(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        """What `post` would say of each call by itself, without writing."""
        postings = [self.place(call) for call in calls]
        by_partition: dict[str, dict[str, Posting]] = {}
        for posting in postings:
            by_partition.setdefault(posting.partition, {})[posting.entry_key] = posting
        results: dict[CallAddress, PostResult] = {}
        for partition, of_partition in by_partition.items():
            found = await self._poster.preview(partition, list(of_partition.values()))
            results.update((CallAddress(partition, key), result) for key, result in found.items())
        return [results[_address(posting)] for posting in postings]

    async def _with_last_book(self, posting: Posting, last: LedgerEntry) -> Posting:
        """A stronger report is no occasion to change prices: it is rated with the chain's book, and
        for the cost centre that its price was made for.
        """
        call = posting.call
        version = last.book_version
        centre = last.cost_centre if last.has_cost else call.cost_centre
        same = version == call.priced.book_version and (
            not last.has_cost or centre == call.priced.cost_centre
        )
        if self._books is None or posting.cell is None or same:
            return posting
        try:
            book = await self._books.get(version)
        except InvalidBook as error:
            message = f"{error}; a stronger report of a call is rated with today's book"
            _log.error("book_unreadable", message, id=call.priced.event.id, book=version)
            book = None
        currencies = (call.priced.pricing_currency, call.priced.billing_currency)
        if book is None or (book.pricing_currency, book.billing_currency) != currencies:
            return posting  # the chain's own price is in no currency of this ledger
        return self.place(replace(call, priced=rate(call.priced.event, book, centre)))

    async def _post_all(self, postings: Sequence[Posting]) -> list[PostResult]:
        """Fold the reports of one call, drop what is known to stand, post the rest."""
        strongest: dict[str, Posting] = {}
        for posting in postings:
            standing = strongest.setdefault(posting.entry_key, posting)
            if standing is not posting and posting.report.beats(standing.report):
                strongest[posting.entry_key] = posting
        results: dict[str, PostResult] = {}
        by_partition: defaultdict[str, list[Posting]] = defaultdict(list)
        for key, posting in strongest.items():
            standing_report = self._confirmed.get(key)
            if standing_report is None or posting.report.beats(standing_report):
                by_partition[posting.partition].append(posting)
            else:
                results[key] = _duplicate(posting.report, standing_report)
        await all_of(
            self._post_partition(partition, of_partition, results)
            for partition, of_partition in by_partition.items()
        )
        return [
            results[posting.entry_key]
            if posting is (posted := strongest[posting.entry_key])
            else _duplicate(posting.report, posted.report)
            for posting in postings
        ]

    async def _post_partition(
        self, partition: str, postings: list[Posting], results: dict[str, PostResult]
    ) -> None:
        by_key = await self._poster.post(partition, postings)
        results.update(by_key)
        confirmed = self._confirmed
        for posting in postings:
            key = posting.entry_key
            outcome = by_key[key].outcome
            if outcome is Outcome.POSTED or outcome is Outcome.CORRECTED:
                kept = confirmed.get(key)  # of a batch that was posted between two transactions
                if kept is None or posting.report.beats(kept):
                    confirmed[key] = posting.report
                confirmed.move_to_end(key)
        while len(confirmed) > CONFIRMED_CALLS_MAX:
            confirmed.popitem(last=False)


def _address(posting: Posting) -> CallAddress:
    return CallAddress(posting.partition, posting.entry_key)


def _duplicate(report: Report, standing: Report) -> PostResult:
    return PostResult(outcome=Outcome.DUPLICATE, mismatch=report.contradicts(standing))
