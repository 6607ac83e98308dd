"""The completeness meter: what one path missed, per hour, API and model. Pure; reads nothing.

A call that neither path told of is not seen here: only the gateway's own request metric has it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pricing_rules.money import divide_half_even
from pricing_rules.types import UNATTRIBUTED, CallState
from table_api.completeness.calls import PostedCall, SeenCall
from table_api.completeness.tallies import (
    ESTIMATED,
    EXCLUDING,
    FAILED_AMONG,
    CallTally,
    ChargeTally,
    TokenTally,
)
from table_api.consumer_state.dead_letters import OpenLetter
from table_api.open_calls.decision import PairingState

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


@dataclass(slots=True)
class _Part:
    """A line, or all lines of a model, while it is counted."""

    calls: Counter[CallTally] = field(default_factory=Counter)
    tokens: Counter[TokenTally] = field(default_factory=Counter)
    charges: Counter[ChargeTally] = field(default_factory=Counter)
    oldest_waiting: datetime | None = None


class CompletenessMeter:
    """Takes calls day by day, each call once, and reports at the end."""

    def __init__(self) -> None:
        self._parts: defaultdict[Key, _Part] = defaultdict(_Part)
        self._unmetered: Counter[str] = Counter()
        self._models: dict[str, str] = {}
        """What the ledger calls the model of a deployment."""

    def add(
        self,
        calls: Iterable[SeenCall],
        posted: Mapping[str, PostedCall],
        letters: Iterable[OpenLetter],
    ) -> None:
        """Calls of a time with what the ledger has of them by call id, and its dead letters."""
        for each in posted.values():
            if each.deployment is not None:
                self._models[each.deployment] = each.model
        keys: dict[str, Key] = {}
        for call in calls:
            if call.unmetered is not None:
                self._unmetered[call.unmetered] += 1
                continue
            standing = posted.get(call.call_id)
            keys[call.call_id] = key = self._key(call, standing)
            _count(self._parts[key], call, standing)
        for letter in letters:
            nobody = (_hour(letter.enqueued_time), None, None)
            key = keys.get((letter.event_id or "").lower(), nobody)
            self._parts[key].calls[CallTally.DEAD_LETTERED] += 1

    def report(self) -> CompletenessReport:
        """Of all that was added."""
        of_model: defaultdict[str | None, _Part] = defaultdict(_Part)
        for (_, _, model), part in self._parts.items():
            of_model[model].calls.update(part.calls)
            of_model[model].charges.update(part.charges)
        lines = tuple(
            CompletenessLine(hour=hour, api=api, model=model, sums=_sums(part, of_model[model]))
            for (hour, api, model), part in sorted(self._parts.items(), key=_order)
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

    def _key(self, call: SeenCall, standing: PostedCall | None) -> Key:
        if standing is not None:
            return _hour(call.time), standing.api or call.api, standing.model
        model = self._models.get(call.deployment or "") or call.model or call.deployment
        return _hour(call.time), call.api, model


def _hour(time: datetime) -> datetime:
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _order(item: tuple[Key, _Part]) -> tuple[datetime, bool, str, bool, str]:
    hour, api, model = item[0]
    return hour, api is None, api or "", model is None, model or ""


def _count(part: _Part, call: SeenCall, standing: PostedCall | None) -> None:
    """Add one call to its line."""
    calls = part.calls
    calls[CallTally.GATEWAY_CALLS] += 1
    calls[CallTally.LOGGED] += call.is_logged
    calls[CallTally.USAGE_EVENTS] += call.has_event
    calls[CallTally.TWO_CALLERS] += call.two_callers
    calls[CallTally.CACHED] += call.cached
    if call.lacks_completion is not None:
        calls[CallTally.COUNTED] += 1
        calls[CallTally.ZERO_COMPLETIONS] += call.lacks_completion
    if call.reported_tokens is not None and call.logged_tokens is not None:
        calls[CallTally.COMPARED] += 1
        calls[CallTally.MISMATCHED] += call.mismatched
        part.tokens[TokenTally.REPORTED_TOKENS] += call.reported_tokens
        part.tokens[TokenTally.LOGGED_TOKENS] += call.logged_tokens
    if standing is not None:
        _count_posted(part, call, standing)
    elif call.state is PairingState.REFUSED:
        calls[CallTally.REFUSED] += 1
    else:
        calls[CallTally.WAITING] += 1
        calls[CallTally.WAITING_FAILED] += call.failed
        part.oldest_waiting = min(part.oldest_waiting or call.time, call.time)


def _count_posted(part: _Part, call: SeenCall, standing: PostedCall) -> None:
    calls, charges = part.calls, part.charges
    recovered = call.state is PairingState.RECOVERED
    unattributed = standing.subject == UNATTRIBUTED
    calls[CallTally.POSTED] += 1
    calls[CallTally.COMPLETED] += call.state is PairingState.COMPLETED
    calls[CallTally.RECOVERED] += recovered
    calls[CallTally.UNATTRIBUTED] += unattributed
    calls[CallTally.PENDING] += standing.state is CallState.PENDING
    calls[CallTally.NO_USAGE] += standing.state is CallState.NO_USAGE
    calls[CallTally.FAILED] += standing.state is CallState.NO_USAGE and standing.failed
    calls[CallTally.UNPRICED] += standing.state is CallState.UNPRICED
    calls[CallTally.ALIAS_UNCONFIRMED] += standing.alias_unconfirmed
    if standing.state is CallState.PRICED:
        for name in standing.excludes:
            calls[EXCLUDING[name]] += 1
        calls[CallTally.PRICED] += 1
        charges[ChargeTally.CHARGE] += standing.charge
        charges[ChargeTally.RECOVERED_CHARGE] += standing.charge * recovered
        charges[ChargeTally.UNATTRIBUTED_CHARGE] += standing.charge * unattributed


def _sums(part: _Part, of_model: _Part) -> Sums:
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
    total = _Part()
    estimates: dict[CallTally, int | None] = dict.fromkeys(ESTIMATED)
    unestimated = 0
    for part in parts:
        total.calls.update(part.calls)
        total.tokens.update(part.tokens)
        total.charges.update(part.charges)
        unestimated += part.unestimated
        if (oldest := part.oldest_waiting) is not None:
            total.oldest_waiting = min(total.oldest_waiting or oldest, oldest)
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
