"""The completeness meter: what one path missed, per hour, API and model. Pure; reads nothing.

A call that neither path told of is not seen here: only the gateway's own request metric has it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pricing_rules.money import divide_half_even
from table_api.completeness.calls import PostedCall, SeenCall
from table_api.completeness.hour_sums import HourSums, LineKey, LineSums, hour_of, sum_calls
from table_api.completeness.tallies import (
    ESTIMATED,
    FAILED_AMONG,
    CallTally,
    ChargeTally,
    TokenTally,
)
from table_api.consumer_state.dead_letters import OpenLetter

Key = tuple[datetime, str | None, str | None]
"""Hour (UTC), API, model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What is counted and estimated of any number of calls."""

    calls: Mapping[CallTally, int]
    tokens: Mapping[TokenTally, int]
    charges: Mapping[ChargeTally, int]
    """Pico-units."""
    estimates: Mapping[CallTally, int | None]
    """Pico-units: calls that did not fail × the mean charge of the model's priced calls. None where
    there are calls and no priced call of their model."""
    unestimated: int
    """Calls without a cost and without an estimate."""
    oldest_waiting: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessLine:
    """One hour of one model behind one API."""

    hour: datetime
    api: str | None
    model: str | None
    """As the ledger names it; as reported, where no call of its deployment was posted."""
    sums: Sums


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessReport:
    """What a range of days shows."""

    lines: tuple[CompletenessLine, ...]
    models: Mapping[str | None, Sums]
    totals: Sums
    unmetered: Mapping[str, int]
    """Requests of billed operations that nobody counts per call, by operation: in no other sum."""


class CompletenessMeter:
    """Takes calls in parts, each call once, and reports at the end."""

    def __init__(self) -> None:
        self._lines: defaultdict[LineKey, LineSums] = defaultdict(LineSums)
        self._unmetered: Counter[str] = Counter()
        self._models: dict[str, str] = {}
        """What the ledger calls the model of a deployment."""
        self._keys: dict[str, LineKey] = {}
        """By call id, of calls that were not summed before."""

    def add(self, calls: Iterable[SeenCall], posted: Mapping[str, PostedCall]) -> None:
        """Calls with what the ledger has of them by call id."""
        self.add_hour(sum_calls(calls, posted))

    def add_hour(self, sums: HourSums) -> None:
        """Calls that were summed."""
        for key, line in sums.lines.items():
            self._lines[key].update(line)
        self._unmetered.update(sums.unmetered)
        self._models |= sums.models
        self._keys |= sums.keys

    def add_letters(self, letters: Iterable[OpenLetter]) -> None:
        """Open dead letters, after the calls that they may be of."""
        for letter in letters:
            nobody = LineKey(hour_of(letter.enqueued_time), None, None, None)
            key = self._keys.get((letter.event_id or "").lower(), nobody)
            self._lines[key].calls[CallTally.DEAD_LETTERED] += 1

    def report(self) -> CompletenessReport:
        """Of all that was added."""
        parts: defaultdict[Key, LineSums] = defaultdict(LineSums)
        of_model: defaultdict[str | None, LineSums] = defaultdict(LineSums)
        for key, line in self._lines.items():
            model = self._models.get(key.deployment or "") or key.model
            parts[key.hour, key.api, model].update(line)
            of_model[model].update(line)
        lines = tuple(
            CompletenessLine(hour=hour, api=api, model=model, sums=_sums(part, of_model[model]))
            for (hour, api, model), part in sorted(parts.items(), key=_order)
        )
        models = sorted(of_model, key=lambda model: (model is None, model or ""))
        return CompletenessReport(
            lines=lines,
            models={
                model: add_sums(line.sums for line in lines if line.model == model)
                for model in models
            },
            totals=add_sums(line.sums for line in lines),
            unmetered=dict(sorted(self._unmetered.items())),
        )


def _order(item: tuple[Key, LineSums]) -> tuple[datetime, bool, str, bool, str]:
    hour, api, model = item[0]
    return hour, api is None, api or "", model is None, model or ""


def _sums(part: LineSums, of_model: LineSums) -> Sums:
    """`of_model`: all of the model in the range, which the mean is of."""
    estimates: dict[CallTally, int | None] = {}
    unestimated = 0
    for gap in ESTIMATED:
        calls = _of_value(part.calls, gap)
        if not calls:
            estimates[gap] = 0
        elif priced := of_model.calls[CallTally.PRICED]:
            whole = calls * of_model.charges[ChargeTally.CHARGE]
            estimates[gap] = divide_half_even(whole, priced)
        else:
            estimates[gap] = None
            unestimated += calls
    return Sums(
        calls=part.calls,
        tokens=part.tokens,
        charges=part.charges,
        estimates=estimates,
        unestimated=unestimated,
        oldest_waiting=part.oldest_waiting,
    )


def _of_value(calls: Mapping[CallTally, int], gap: CallTally) -> int:
    """Those that did not fail: they may have cost something."""
    failed = FAILED_AMONG.get(gap)
    return calls.get(gap, 0) - (calls.get(failed, 0) if failed else 0)


def add_sums(parts: Iterable[Sums]) -> Sums:
    """The exact sum. An estimate is that of the calls that have one, None when none has."""
    total = LineSums()
    estimates: dict[CallTally, int | None] = dict.fromkeys(ESTIMATED)
    unestimated = 0
    for part in parts:
        total.calls.update(part.calls)
        total.tokens.update(part.tokens)
        total.charges.update(part.charges)
        unestimated += part.unestimated
        total.wait_since(part.oldest_waiting)
        for gap, amount in part.estimates.items():
            if amount is not None and _of_value(part.calls, gap):
                estimates[gap] = (estimates[gap] or 0) + amount
    for gap in ESTIMATED:
        if not _of_value(total.calls, gap):
            estimates[gap] = 0
    return Sums(
        calls=total.calls,
        tokens=total.tokens,
        charges=total.charges,
        estimates=estimates,
        unestimated=unestimated,
        oldest_waiting=total.oldest_waiting,
    )
