"""What someone wants of a call's chain, judged by the chain as it stands. Pure.

A report wants to stand when it is stronger. A re-rating run wants its price to follow exactly the
state that was staged, and a reverted run wants its own row undone where that row is the last one.
Whatever else came meanwhile wins: it is left alone and named.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec
from msgspec.structs import replace

from pricing_rules.types import (
    Adjustment,
    CallState,
    Charge,
    CountedAt,
    PricedCall,
    UsageEvent,
)
from table_api.errors import LedgerMismatch
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.entry_columns import Because
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall, Posting, moved_call
from table_api.ledger.recorded_call import recorded_call, recorded_event, state_digest
from table_api.storage.table_storage import OPERATIONS_MAX

_POSTED = PostResult(outcome=Outcome.POSTED)
RERATED, REVERTED, MOVED = "re-rating", "revert", "moved"

PlaceCall = Callable[[MeteredCall], Posting]
"""Places a call in the ledger."""


class Repricing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A PricedCall without its event: the report that stands is not the run's to change."""

    state: CallState
    book_version: str
    pricing_currency: str
    billing_currency: str
    reason: str | None = None
    charges: tuple[Charge, ...] = ()
    adjustments: tuple[Adjustment, ...] = ()
    base_rule_id: str | None = None
    tier: int | None = None
    provider: str | None = None
    model: str | None = None
    version: str | None = None
    deployment_type: str | None = None
    cost_centre: str | None = None
    excludes: tuple[str, ...] = ()
    alias_unconfirmed: bool = False

    @classmethod
    def of(cls, priced: PricedCall) -> "Repricing":
        """All of a rated call but its event."""
        return cls(**{name: getattr(priced, name) for name in cls.__struct_fields__})

    def onto(self, event: UsageEvent) -> PricedCall:
        """The rated call again, of the event that stands."""
        said = {name: getattr(self, name) for name in self.__struct_fields__}
        return PricedCall(event=event, **said)


class NextRow(msgspec.Struct, frozen=True, gc=False):
    """A row to write: the state of the call after it, and the chain's last row when it stands."""

    change: "ChainChange"
    posting: Posting
    last: LedgerEntry | None = None
    because: Because | None = None
    """None for a new entry."""

    @property
    def cells(self) -> tuple[str, ...]:
        """RowKeys of the cells that the row changes: the one before and the one after."""
        after = self.posting.cell
        if self.last is None:
            return () if after is None else (after,)
        return tuple(cell for cell in {after, self.last.cell} if cell is not None)

    @property
    def done(self) -> PostResult:
        """The result once it is written."""
        if self.last is None:
            return _POSTED
        mismatch = self.posting.report.contradicts(self.last.report)
        return PostResult(outcome=Outcome.CORRECTED, mismatch=mismatch)


def transactions_of(rows: Sequence[NextRow]) -> Iterable[list[NextRow]]:
    """Split calls so that each part and its cells fit one transaction.

    Sorted by cell, so that the calls of one cell share its change. A correction may touch another
    cell than expected here: the room for it is found by halving, since it is rare.
    """
    part: list[NextRow] = []
    cells: set[str] = set()
    for row in sorted(rows, key=lambda row: (row.posting.cell or "", row.posting.entry_key)):
        if row.last is not None or row.posting.cell not in cells:
            cells.update(row.cells)
        if len(part) + 1 + len(cells) > OPERATIONS_MAX:
            yield part
            part, cells = [], set(row.cells)
        part.append(row)
    if part:
        yield part


_TEN_MINUTES = len("2026-11-30T19:1")


def one_of_each_ten_minutes(rows: Iterable[NextRow]) -> Iterable[NextRow]:
    """One row of all whose calls are of the same ten minutes."""
    return {row.posting.time[:_TEN_MINUTES]: row for row in rows}.values()


class NewReport(msgspec.Struct, frozen=True, gc=False):
    """A report of a call."""

    posting: Posting

    @property
    def entry_key(self) -> str:
        return self.posting.entry_key

    @property
    def subject(self) -> str:
        return self.posting.subject

    def judge(self, chain: Sequence[LedgerEntry], *, answer_lost: bool) -> NextRow | PostResult:
        """A call that stands by this very event after a lost answer was posted by us."""
        if not chain:
            return NextRow(self, self.posting)
        last = chain[-1]
        if self.posting.report.beats(last.report):
            why = "stronger report" if self.posting.cell is not None else MOVED
            return NextRow(self, self.posting, last, Because(why))
        if answer_lost and last.run is None and last.stands_on(self.posting.call.origin):
            mismatch = last.number > 0 and self.posting.report.contradicts(chain[-2].report)
            outcome = Outcome.CORRECTED if last.number else Outcome.POSTED
            return PostResult(outcome=outcome, mismatch=mismatch)
        return PostResult(
            outcome=Outcome.DUPLICATE,
            mismatch=self.posting.report.contradicts(last.report),
            standing=last,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reprice:
    """A staged change of price: it follows the state whose digest is `before`, and no other."""

    entry_key: str
    subject: str
    before: str
    after: Repricing
    event: UsageEvent | None
    """The report as it should have been read; None where only the price changes."""
    run: str
    by: str
    place: PlaceCall

    def judge(self, chain: Sequence[LedgerEntry], *, answer_lost: bool) -> NextRow | PostResult:
        """Done once when the chain has the run in it, also as reverted."""
        if any(entry.run == self.run for entry in chain):
            return _settled(chain[-1], self.run, RERATED, answer_lost=answer_lost)
        if not chain:
            return _left_alone("does not stand")
        last = chain[-1]
        if state_digest(last) != self.before:
            return _left_alone(_went_on(last))
        priced = self.after.onto(self.event or recorded_event(last))
        posting = self.place(MeteredCall(priced=priced, origin=last.origin))
        if self.event is None:
            posting = replace(posting, report=last.report)
        return NextRow(self, posting, last, Because(RERATED, run=self.run, by=self.by))


@dataclass(frozen=True, slots=True, kw_only=True)
class Revert:
    """The wish to have a run's row undone: the state before it is written once more."""

    entry_key: str
    subject: str
    run: str
    by: str
    place: PlaceCall

    def judge(self, chain: Sequence[LedgerEntry], *, answer_lost: bool) -> NextRow | PostResult:
        """Only where the run's row is the last."""
        of_run = [entry for entry in chain if entry.run == self.run]
        if not of_run:
            return PostResult(outcome=Outcome.DUPLICATE, reason="the run never changed it")
        if of_run[-1].correction == REVERTED:
            return _settled(chain[-1], self.run, REVERTED, answer_lost=answer_lost)
        last = chain[-1]
        if last is not of_run[-1]:
            return _left_alone(_went_on(last))
        before = chain[last.number - 1]
        try:
            posting = self.place(recorded_call(before))
        except LedgerMismatch as mismatch:
            return _left_alone(f"cannot go back: {mismatch}")
        posting = replace(
            posting,
            cell=before.cell,
            measures=before.measures,
            report=before.report,
        )
        return NextRow(self, posting, last, Because(REVERTED, run=self.run, by=self.by))


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeOut:
    """A person's decision that a call counts no more at an address: it is counted at another."""

    entry_key: str
    subject: str
    by: str
    reason: str
    place: PlaceCall

    def judge(self, chain: Sequence[LedgerEntry], *, answer_lost: bool) -> NextRow | PostResult:
        """Whatever the chain's last row says, as long as it counts."""
        if not chain:
            return _left_alone("is not recorded")
        last = chain[-1]
        if last.cell is None:
            ours = answer_lost and last.reason == self.reason
            return PostResult(outcome=Outcome.CORRECTED if ours else Outcome.DUPLICATE)
        here = CountedAt(last.subject, last.time)
        posting = self.place(moved_call(recorded_call(last), here, reason=self.reason))
        return NextRow(self, replace(posting, cell=None), last, Because(MOVED, by=self.by))


ChainChange = NewReport | Reprice | Revert | TakeOut


def _settled(last: LedgerEntry, run: str, correction: str, *, answer_lost: bool) -> PostResult:
    """After a lost answer the run's own last row was written by us."""
    ours = answer_lost and (last.run, last.correction) == (run, correction)
    return PostResult(outcome=Outcome.CORRECTED if ours else Outcome.DUPLICATE)


def _went_on(last: LedgerEntry) -> str:
    why = last.correction or "another report"
    of_run = f" of run {last.run}" if last.run else ""
    return f"row {last.number} of its chain is a {why}{of_run}"


def _left_alone(reason: str) -> PostResult:
    return PostResult(outcome=Outcome.LEFT_ALONE, reason=reason)
