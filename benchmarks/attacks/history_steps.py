"""Random histories, step by step: what happens to a ledger in some months. The operators.

Imports no product. A step is chosen by the dice and by what the oracle says there is.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from benchmarks.attacks.history_prices import CENTRES, CURRENCIES, MODELS, Prices, make_prices
from benchmarks.attacks.history_truth import Address, Report, Run, Truth

ZONES = (
    "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca", "Australia/Lord_Howe",
    "Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "UTC",
)  # fmt: skip
SUBJECTS = (
    "ann", "bob", "eve|x", "subscription:team a", "app:größe", "anonymous", "zoë", "unattributed",
)  # fmt: skip
MONTHS = 3
STEPS_PER_MONTH = 12
EDGE = timedelta(minutes=20)
"""How far a move may shift a call: over midnight, or over the end of a month."""


@dataclass(frozen=True, slots=True)
class Post:
    """Reports in one batch."""

    reports: Sequence[Report]


@dataclass(frozen=True, slots=True)
class Move:
    """A report that takes its call out of another place."""

    report: Report
    old: Address


@dataclass(frozen=True, slots=True)
class NewBook:
    """Consumers start with another book."""

    prices: Prices


@dataclass(frozen=True, slots=True)
class Stage:
    """A run is staged; what it wants is the oracle's answer."""

    prices: Prices
    days: tuple[date, date]
    subject: str | None


@dataclass(frozen=True, slots=True)
class Apply:
    """A staged run is approved and applied."""

    run: Run


@dataclass(frozen=True, slots=True)
class Revert:
    """An applied run is reverted."""

    run: Run


@dataclass(frozen=True, slots=True)
class People:
    """An import: subject, cost centre, first day."""

    rows: Sequence[tuple[str, str | None, date]]


@dataclass(frozen=True, slots=True)
class Restart:
    """Every process starts again."""


@dataclass(frozen=True, slots=True)
class Close:
    """Every month up to this one is closed, some time after it."""

    month: str
    at: datetime


Step = Post | Move | NewBook | Stage | Apply | Revert | People | Restart | Close


def tell(truth: Truth, step: Step) -> None:  # noqa: C901  # one line for each kind of step
    """Let the oracle know."""
    match step:
        case Post(reports):
            for report in reports:
                truth.post(report)
        case Move(report, old):
            truth.move(report, old)
        case NewBook(prices):
            truth.books[prices.number] = prices
            truth.book = prices.number
        case Stage(prices, days, subject):
            truth.books[prices.number] = prices
            truth.stage(prices.number, days, subject)
        case Apply(run):
            truth.apply(run)
        case Revert(run):
            truth.revert(run)
        case People(rows):
            truth.import_people(rows)
        case Close(month, _):
            truth.close_until(month)
        case Restart():
            pass


class History:
    """One history. The same dice make the same one."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self.zone = dice.choice(ZONES)
        self.currencies = dice.choice(CURRENCIES)
        self.first = date(dice.randint(2016, 2026), dice.randint(1, 12), 1)
        self.truth = Truth(self.zone, self.currencies)
        self._calls = 0
        self._waiting: list[Run] = []
        self._applied: list[Run] = []

    @property
    def months(self) -> list[date]:
        """First days of the months, and of the one after."""
        found = [self.first]
        for _ in range(MONTHS):
            found.append((found[-1] + timedelta(days=32)).replace(day=1))
        return found

    def steps(self) -> Iterator[Step]:
        """All of them; each is to be told to the oracle before the next is asked for."""
        yield NewBook(self._prices(lab=False))
        yield People([(subject, self._centre(), date(2015, 1, 1)) for subject in SUBJECTS[:5]])
        yield Post([self._new(self.first) for _ in range(5)])
        for index, month in enumerate(self.months):
            for _ in range(STEPS_PER_MONTH):
                yield self._any(index)
            if index < MONTHS:
                following = self.months[index + 1]
                late = datetime(following.year, following.month, 2, tzinfo=UTC)
                yield Close(f"{month:%Y-%m}", late + timedelta(hours=self._dice.randint(6, 200)))

    def _any(self, index: int) -> Step:
        dice = self._dice
        kind = dice.choices(
            ["post", "correct", "move", "book", "stage", "apply", "revert", "people", "restart"],
            [38, 22, 14, 3, 5, 7, 4, 10, 3],
        )[0]
        if kind == "post":
            return Post([self._new(self._month(index)) for _ in range(dice.randint(1, 9))])
        if kind == "correct":
            return Post([self._again() for _ in range(dice.randint(1, 6))])
        if kind == "move":
            return self._move(index)
        if kind == "book":
            return NewBook(self._prices(lab=dice.random() < 0.6))
        if kind == "stage" or (kind == "apply" and not self._waiting):
            return self._stage()
        if kind == "apply":
            run = self._waiting.pop(dice.randrange(len(self._waiting)))
            self._applied.append(run)
            return Apply(run)
        if kind == "revert" and self._applied:
            return Revert(dice.choice(self._applied))
        if kind == "people":
            rows = {(self._subject(), self._day()): self._centre() for _ in range(3)}
            return People([(subject, centre, day) for (subject, day), centre in rows.items()])
        return Restart()

    def _month(self, index: int) -> date:
        """Mostly the running month; sometimes one that is closed, or before the first, or next."""
        shift = self._dice.choices([0, -1, -2, 1], [68, 20, 7, 5])[0]
        month = self.months[index]
        for _ in range(abs(shift)):
            month = (month + timedelta(days=32 if shift > 0 else -1)).replace(day=1)
        return month

    def _new(self, month: date) -> Report:
        dice = self._dice
        self._calls += 1
        deployment = dice.choices([*MODELS], [40, 30, 20, 10])[0]
        report = Report(
            call_id=f"call-{self._calls:05d}",
            subject=self._subject(),
            time=self._time(month),
            deployment=deployment,
            rank=dice.choice([1, 2, 2]),
            counts=self._counts(),
        )
        kind = dice.random()
        if kind < 0.06:
            return replace(report, status=429, rank=0, counts={})
        if kind < 0.16:
            return replace(report, status=dice.choice([200, 400]), rank=0, counts={})
        return report

    def _again(self) -> Report:
        """A known call reported again: alike, weaker or stronger."""
        report = self._dice.choice(list(self.truth.chains.values()))[-1].report
        if report.status == 429 or report.rank > 2:
            return self._new(self.first)
        choice = self._dice.randrange(3)
        if choice == 0:
            return report
        return replace(report, status=200, rank=self._dice.choice([1, 2]), counts=self._counts())

    def _move(self, index: int) -> Step:
        """To another subject, and perhaps some minutes away: over midnight or a month's end."""
        dice = self._dice
        states = [state.report for state in self.truth.counted()]
        if not states or dice.random() < 0.1:
            unseen = self._new(self._month(index))
        else:
            unseen = dice.choice(states)
        to = replace(
            unseen,
            subject=dice.choice([each for each in SUBJECTS if each != unseen.subject]),
            time=unseen.time + dice.choice([-1, 0, 0, 1]) * EDGE,
            status=200,
            rank=1,
            counts=unseen.counts or self._counts(),
        )
        if to.address in self.truth.chains:
            return Post([self._again()])
        return Move(to, unseen.address)

    def _stage(self) -> Stage:
        """Its run waits: the oracle keeps it when it is told."""
        start = self._day()
        days = (start, start + timedelta(days=self._dice.randint(1, 45)))
        subject = self._subject() if self._dice.random() < 0.3 else None
        return Stage(self._prices(lab=self._dice.random() < 0.7), days, subject)

    def staged(self) -> None:
        """A step was a Stage: its run may be applied from now on."""
        self._waiting.append(self.truth.runs[-1])

    def _prices(self, *, lab: bool) -> Prices:
        number = len(self.truth.books) + 1
        return make_prices(self._dice, number, self.currencies, self.first.year, lab)

    def _subject(self) -> str:
        return self._dice.choice(SUBJECTS)

    def _centre(self) -> str | None:
        return self._dice.choice([*CENTRES, None])

    def _day(self) -> date:
        return self.first + timedelta(days=self._dice.randint(-20, 100))

    def _counts(self) -> dict[str, int]:
        counts = {
            "input": self._dice.randrange(0, 200_000),
            "cache_read": self._dice.choice([0, self._dice.randrange(0, 90_000)]),
            "output": self._dice.randrange(1, 20_000),
        }
        return {unit: count for unit, count in counts.items() if count}

    def _time(self, month: date) -> datetime:
        """Any instant of a month of the zone; four in ten are on an edge of a month or a day."""
        dice = self._dice
        day = month + timedelta(days=dice.randrange(28))
        kind = dice.random()
        if kind < 0.25:
            day = month
        local = datetime(day.year, day.month, day.day, tzinfo=self.truth.zone)
        if kind < 0.4:
            near = dice.choice([timedelta(microseconds=dice.randint(-2, 2)), EDGE / 2, -EDGE / 2])
            return local.astimezone(UTC) + near
        return local.astimezone(UTC) + timedelta(seconds=dice.randrange(86_400))
