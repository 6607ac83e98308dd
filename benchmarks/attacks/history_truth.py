"""What a random history has come to: chains of calls, people, runs and bills. The oracle.

Imports no product: days by zoneinfo, amounts by `history_prices`, bills by the rules of
docs/invoices.md.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from benchmarks.attacks.history_prices import (
    LAYERS,
    MINOR_DIGITS,
    MODELS,
    Amounts,
    Prices,
    half_even,
)

MOVED = 9
"""Rank of a call that was moved away: it takes no report any more."""
Address = tuple[str, str, datetime]
"""Call id, subject, time."""
Line = tuple[str | None, str]
"""Cost centre and charge month."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one event says of a call."""

    call_id: str
    subject: str
    time: datetime
    deployment: str
    status: int = 200
    rank: int = 2
    counts: Mapping[str, int] = field(default_factory=dict)
    """Empty where nobody reported usage; the rank is 0 then."""

    @property
    def address(self) -> Address:
        return (self.call_id, self.subject, self.time)

    @property
    def strength(self) -> tuple[int, int]:
        return (self.rank, sum(self.counts.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A call after one row of its chain."""

    report: Report
    book: int
    centre: str | None
    """That the price was made for."""
    moved: bool = False
    run: int | None = None

    @property
    def says(self) -> tuple[object, ...]:
        """Equal for two states that are the same to a run."""
        return (self.report.strength, self.report.status, self.book, self.centre, self.moved)


@dataclass(frozen=True, slots=True)
class Run:
    """What a staged run wants: by address, the state it found and the one that is to follow."""

    number: int
    book: int
    pairs: Mapping[Address, tuple[State, State]]


class Truth:
    """The oracle's ledger."""

    def __init__(self, zone: str, currencies: tuple[str, str]) -> None:
        self.zone = ZoneInfo(zone)
        self.currencies = currencies
        self.layer = "charge" if currencies[0] == currencies[1] else "billed"
        self.books: dict[int, Prices] = {}
        self.book = 0
        """The one that consumers rate with."""
        self.chains: dict[Address, list[State]] = {}
        self.people: dict[str, list[tuple[date, str | None]]] = defaultdict(list)
        self.runs: list[Run] = []
        self.bills: dict[str, dict[Line, tuple[int, int]]] = {}
        """By closed month: exact pico-units and rounded minor units of each line."""
        self._billed: dict[str, Counter[str | None]] = {}
        """By charge month: exact pico-units that every cost centre was billed so far."""
        self._centre_of_day: dict[tuple[str, date], str | None] = {}
        """Who was billed first for a subject's day."""

    # ── What happens ────────────────────────────────────────────────────────────────────────────

    def post(self, report: Report) -> None:
        """A report counts when it is stronger than what its chain says."""
        chain = self.chains.setdefault(report.address, [])
        centre = self.centre(report.subject, self.day(report.time))
        if not chain:
            chain.append(State(report=report, book=self.book, centre=centre))
            return
        last = chain[-1]
        if last.moved or report.strength <= last.report.strength:
            return
        kept = last.centre if self.cost(last) is not None else centre
        chain.append(State(report=report, book=last.book, centre=kept))

    def move(self, report: Report, old: Address) -> None:
        """Counted at its new place, and taken out of the old one for ever."""
        self.post(report)
        gone = State(
            report=replace(report, subject=old[1], time=old[2], rank=MOVED, counts={}),
            book=self.book,
            centre=None,
            moved=True,
        )
        chain = self.chains.setdefault(old, [])
        if not chain or not chain[-1].moved:
            chain.append(gone)

    def stage(self, book: int, days: tuple[date, date], subject: str | None) -> Run:
        """Every call of the days that the other book, or the people of today, price otherwise."""
        pairs = {}
        for address, chain in self.chains.items():
            last, day = chain[-1], self.day(address[2])
            if last.moved or not days[0] <= day < days[1] or subject not in (None, address[1]):
                continue
            names = last.report.deployment
            if not self.books[book].knows(names) and not self.books[last.book].knows(names):
                continue  # unknown to both: nothing of it changes, not even the book
            after = replace(
                last, book=book, centre=self.centre(address[1], day), run=len(self.runs)
            )
            pairs[address] = (last, after)
        run = Run(len(self.runs), book, pairs)
        self.runs.append(run)
        return run

    def apply(self, run: Run) -> None:
        """Only where the call is as the run found it."""
        for address, (before, after) in run.pairs.items():
            chain = self.chains[address]
            if chain[-1].says == before.says:
                chain.append(after)

    def revert(self, run: Run) -> None:
        """Only where the run's row is the last."""
        for address in run.pairs:
            chain = self.chains[address]
            if chain[-1].run == run.number and len(chain) > 1:
                chain.append(replace(chain[-2], run=-1))

    def import_people(self, rows: Sequence[tuple[str, str | None, date]]) -> None:
        """Insert or replace by subject and day."""
        for subject, centre, since in rows:
            kept = [row for row in self.people[subject] if row[0] != since]
            self.people[subject] = sorted([*kept, (since, centre)], key=lambda row: row[0])

    def close_until(self, month: str) -> None:
        """Close every month up to this one that is not closed yet, the oldest first."""
        start = max(self.bills, default="")
        if not start:
            start = min(f"{self.day(address[2]):%Y-%m}" for address in self.chains)
            self._close(start)
        while start < month:
            year, number = int(start[:4]), int(start[5:])
            start = f"{year + number // 12}-{number % 12 + 1:02d}"
            self._close(start)

    def _close(self, month: str) -> None:
        """Bill the month, and what has changed in every month before it."""
        lines: dict[Line, tuple[int, int]] = {}
        months = {f"{day:%Y-%m}" for _, day in self.days()}
        for each in sorted(months | {*self._billed}):
            if each > month:
                continue
            due = self._due(each, own=each == month)
            before = self._billed.get(each, Counter())
            for centre in {*due, *before}:
                exact = due[centre] - before[centre]
                minor = self._rounded(due[centre]) - self._rounded(before[centre])
                if exact or minor:
                    lines[centre, each] = (exact, minor)
            self._billed[each] = due
        self.bills[month] = lines

    def _due(self, month: str, *, own: bool) -> Counter[str | None]:
        """All of a month by who was billed first for its days, or who pays today.

        A close settles who pays for every day of its `own` month; for earlier days, and only where
        a call counts, at the first close that bills them.
        """
        due: Counter[str | None] = Counter()
        for place, amounts in self._billable(month).items():
            if own or amounts:
                centre = self._centre_of_day.setdefault(place, self.centre(*place))
                due[centre] += sum(amounts)
        return due

    def _billable(self, month: str) -> dict[tuple[str, date], list[int]]:
        """Pico-units of each call, by subject and day that ever counted one."""
        found: dict[tuple[str, date], list[int]] = {
            place: [] for place in self.days() if f"{place[1]:%Y-%m}" == month
        }
        for state in self.counted():
            place = (state.report.subject, self.day(state.report.time))
            if place in found:
                found[place].append(self.sums(state)[self.layer])
        return found

    def _rounded(self, pico: int) -> int:
        return half_even(Fraction(pico, 10 ** (12 - MINOR_DIGITS[self.currencies[1]])))

    # ── What there is ───────────────────────────────────────────────────────────────────────────

    def day(self, time: datetime) -> date:
        """The charge day."""
        return time.astimezone(self.zone).date()

    def centre(self, subject: str, day: date) -> str | None:
        """By the people of now."""
        found = [centre for since, centre in self.people[subject] if since <= day]
        return found[-1] if found else None

    def counted(self) -> Iterator[State]:
        """The last state of each call that counts."""
        return (chain[-1] for chain in self.chains.values() if not chain[-1].moved)

    def days(self) -> set[tuple[str, date]]:
        """Subjects and days on which a call ever counted."""
        return {
            (address[1], self.day(address[2]))
            for address, chain in self.chains.items()
            if not chain[0].moved
        }

    def cost(self, state: State) -> Amounts | None:
        """None of a call without a cost; nothing of a refused one."""
        report, book = state.report, self.books[state.book]
        if report.status == 429:
            return {}
        if not report.counts or not book.knows(report.deployment):
            return None
        return book.amounts(report.deployment, report.counts, state.centre, report.time)

    def model(self, state: State) -> str:
        """As the books call it; else what was reported, which is the deployment here. Nobody
        counts a call without usage under a name that anybody may make up.
        """
        deployment = state.report.deployment
        if self.books[state.book].knows(deployment):
            return MODELS[deployment]
        return deployment if state.report.counts else "unknown"

    def sums(self, state: State) -> Counter[str]:
        """What a call adds to every total."""
        report, cost = state.report, self.cost(state)
        sums = Counter({"calls": 1, "errors": int(report.status >= 400)})
        if cost is None:
            sums["no_usage" if not report.counts else "unpriced"] = 1
        for unit, quantity in report.counts.items():
            sums[f"q_{unit}"] = quantity
        for layers in (cost or {}).values():
            for layer in LAYERS:
                sums[layer] += layers[layer]
        if self.layer == "charge":
            del sums["billed"]
        return sums
