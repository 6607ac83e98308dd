"""The completeness meter: what one path missed, per hour, API and model. Pure; reads nothing.

A call that neither path told of is not seen here: only the gateway's own request metric has it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from pricing_rules.money import divide_half_even
from pricing_rules.types import UNATTRIBUTED, CallState
from table_api.completeness.calls import PostedCall, SeenCall
from table_api.consumer_state.dead_letters import DeadLetter
from table_api.open_calls.decision import PairingState


class Tally(StrEnum):
    """What is counted. `gateway_calls` is the sum of `posted`, `waiting` and `refused`.

    Charges are pico-units.
    """

    GATEWAY_CALLS = "gateway_calls"
    """Calls that at least one path told of."""
    LOGGED = "logged"
    """In the gateway's log."""
    USAGE_EVENTS = "usage_events"
    """Whose UsageEvent arrived."""
    POSTED = "posted"
    """Standing in the ledger."""
    COMPLETED = "completed"
    """Among posted: the UsageEvent came without usage, the log gave it."""
    RECOVERED = "recovered"
    """Among posted: the UsageEvent never came; trace and log stood in."""
    NO_USAGE = "no_usage"
    """Among posted: nobody reported usage."""
    UNATTRIBUTED = "unattributed"
    """Among posted: nobody named the caller."""
    UNPRICED = "unpriced"
    """Among posted: usage is known, a price is not."""
    WITHOUT_CACHE_WRITES = "without_cache_writes"
    """Among posted: priced without the cache writes, which the log does not have."""
    WAITING = "waiting"
    """A half is missing, or metering has not posted it yet."""
    REFUSED = "refused"
    """Nothing to charge and no row in the ledger: refused, or no model was reached."""
    DEAD_LETTERED = "dead_lettered"
    """Open dead letters of both hubs; a call of one may still stand by its other path."""
    COMPARED = "compared"
    """Calls whose tokens both paths told."""
    MISMATCHED = "mismatched"
    """Among compared: they told different sums."""
    TWO_CALLERS = "two_callers"
    """Whose reports name different callers or times: the usage event's stands."""
    REPORTED_TOKENS = "reported_tokens"
    """Of compared calls, by the model's usage."""
    LOGGED_TOKENS = "logged_tokens"
    """Of compared calls, by the gateway's log."""
    COUNTED = "counted"
    """Served calls for text whose tokens the log counted."""
    ZERO_COMPLETIONS = "zero_completions"
    """Among counted: no completion token."""
    PRICED = "priced"
    """Among posted: has a price."""
    CHARGE = "charge"
    """Of the priced: with their number the mean that estimates are made of."""
    RECOVERED_CHARGE = "recovered_charge"
    UNATTRIBUTED_CHARGE = "unattributed_charge"


ESTIMATED = (Tally.WAITING, Tally.NO_USAGE, Tally.UNPRICED)
"""Calls without a cost, whose value can only be estimated."""

Counts = Mapping[Tally, int]
Key = tuple[datetime, str | None, str | None]
"""Hour (UTC), API, model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """Counts, amounts and estimates of any number of calls."""

    counts: Counts
    estimates: Mapping[Tally, int | None]
    """Pico-units: calls × the mean charge of the model's priced calls in the range. None where
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


@dataclass(slots=True)
class _Part:
    """A line while it is counted."""

    counts: Counter[Tally] = field(default_factory=Counter)
    oldest_waiting: datetime | None = None


class CompletenessMeter:
    """Takes calls day by day, each call once, and reports at the end."""

    def __init__(self) -> None:
        self._parts: defaultdict[Key, _Part] = defaultdict(_Part)
        self._models: dict[str, str] = {}
        """What the ledger calls the model of a deployment."""

    def add(
        self,
        calls: Iterable[SeenCall],
        posted: Mapping[str, PostedCall],
        letters: Iterable[DeadLetter],
    ) -> None:
        """Calls of a time with what the ledger has of them by call id, and its dead letters."""
        for each in posted.values():
            if each.deployment is not None:
                self._models[each.deployment] = each.model
        keys: dict[str, Key] = {}
        for call in calls:
            standing = posted.get(call.call_id)
            keys[call.call_id] = key = self._key(call, standing)
            part = self._parts[key]
            part.counts.update(_counts(call, standing))
            if _place_of(call, standing) is Tally.WAITING:
                part.oldest_waiting = min(part.oldest_waiting or call.time, call.time)
        for letter in letters:
            nobody = (_hour(letter.enqueued_time), None, None)
            key = keys.get((letter.event_id or "").lower(), nobody)
            self._parts[key].counts[Tally.DEAD_LETTERED] += 1

    def report(self) -> CompletenessReport:
        """Of all that was added."""
        of_model: defaultdict[str | None, Counter[Tally]] = defaultdict(Counter)
        for (_, _, model), part in self._parts.items():
            of_model[model].update(part.counts)
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


def _place_of(call: SeenCall, standing: PostedCall | None) -> Tally:
    """Each call is in exactly one of the three."""
    if standing is not None:
        return Tally.POSTED
    return Tally.REFUSED if call.state is PairingState.REFUSED else Tally.WAITING


def _counts(call: SeenCall, standing: PostedCall | None) -> Counter[Tally]:
    counts: Counter[Tally] = Counter({Tally.GATEWAY_CALLS: 1, _place_of(call, standing): 1})
    counts[Tally.LOGGED] = call.is_logged
    counts[Tally.USAGE_EVENTS] = call.has_event
    counts[Tally.TWO_CALLERS] = call.two_callers
    if call.lacks_completion is not None:
        counts[Tally.COUNTED] = 1
        counts[Tally.ZERO_COMPLETIONS] = call.lacks_completion
    if call.reported_tokens is not None and call.logged_tokens is not None:
        counts[Tally.COMPARED] = 1
        counts[Tally.MISMATCHED] = call.mismatched
        counts[Tally.REPORTED_TOKENS] = call.reported_tokens
        counts[Tally.LOGGED_TOKENS] = call.logged_tokens
    if standing is not None:
        _add_posted(counts, call, standing)
    return counts


def _add_posted(counts: Counter[Tally], call: SeenCall, standing: PostedCall) -> None:
    recovered = call.state is PairingState.RECOVERED
    unattributed = standing.subject == UNATTRIBUTED
    counts[Tally.COMPLETED] = call.state is PairingState.COMPLETED
    counts[Tally.RECOVERED] = recovered
    counts[Tally.UNATTRIBUTED] = unattributed
    counts[Tally.NO_USAGE] = standing.state is CallState.NO_USAGE
    counts[Tally.UNPRICED] = standing.state is CallState.UNPRICED
    counts[Tally.WITHOUT_CACHE_WRITES] = standing.excludes_cache_writes
    if standing.state is CallState.PRICED:
        counts[Tally.PRICED] = 1
        counts[Tally.CHARGE] = standing.charge
        counts[Tally.RECOVERED_CHARGE] = standing.charge * recovered
        counts[Tally.UNATTRIBUTED_CHARGE] = standing.charge * unattributed


def _sums(part: _Part, of_model: Counts) -> Sums:
    """`of_model`: the sums over the range, which the mean is of."""
    estimates: dict[Tally, int | None] = {}
    unestimated = 0
    for gap in ESTIMATED:
        calls = part.counts[gap]
        if not calls:
            estimates[gap] = 0
        elif of_model[Tally.PRICED]:
            whole = calls * of_model[Tally.CHARGE]
            estimates[gap] = divide_half_even(whole, of_model[Tally.PRICED])
        else:
            estimates[gap] = None
            unestimated += calls
    return Sums(
        counts=part.counts,
        estimates=estimates,
        unestimated=unestimated,
        oldest_waiting=part.oldest_waiting,
    )


def add_sums(parts: Iterable[Sums]) -> Sums:
    """The exact sum. An estimate is that of the calls that have one, None when none has."""
    counts: Counter[Tally] = Counter()
    estimates: dict[Tally, int | None] = dict.fromkeys(ESTIMATED)
    unestimated, oldest = 0, None
    for part in parts:
        counts.update(part.counts)
        unestimated += part.unestimated
        if part.oldest_waiting is not None:
            oldest = min(oldest or part.oldest_waiting, part.oldest_waiting)
        for gap, amount in part.estimates.items():
            if amount is not None and part.counts[gap]:
                estimates[gap] = (estimates[gap] or 0) + amount
    for gap in ESTIMATED:
        if not counts[gap]:
            estimates[gap] = 0
    return Sums(counts=counts, estimates=estimates, unestimated=unestimated, oldest_waiting=oldest)
