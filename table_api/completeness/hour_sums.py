"""Calls of an hour, added up by API and model: what is kept of them for ever. Pure.

A call that is not in the ledger has the name of its deployment with it: what the ledger calls the
model of that deployment may be known from another hour.
"""

import base64
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

import msgspec

from pricing_rules.types import UNATTRIBUTED, CallState
from table_api.completeness.calls import PostedCall, SeenCall
from table_api.completeness.tallies import EXCLUDING, CallTally, ChargeTally, TokenTally
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.posting import UNKNOWN_MODEL
from table_api.open_calls.decision import PairingState

FORM = 2
"""Of the text. Raise it when a count is added or means something else: hours whose facts are kept
are summed again."""


class LineKey(NamedTuple):
    """Which calls are added up."""

    hour: datetime
    """UTC."""
    api: str | None
    model: str | None
    """As the ledger names it; as reported, of calls that are not in it."""
    deployment: str | None
    """None of calls in the ledger."""


class LineSums(msgspec.Struct, kw_only=True):
    """What is counted of the calls of one key."""

    calls: Counter[CallTally] = msgspec.field(default_factory=Counter)
    tokens: Counter[TokenTally] = msgspec.field(default_factory=Counter)
    charges: Counter[ChargeTally] = msgspec.field(default_factory=Counter)
    oldest_waiting: datetime | None = None

    def update(self, other: "LineSums") -> None:
        """Add another one."""
        self.calls.update(other.calls)
        self.tokens.update(other.tokens)
        self.charges.update(other.charges)
        self.wait_since(other.oldest_waiting)

    def wait_since(self, time: datetime | None) -> None:
        """A call of this time waits."""
        if time is not None:
            self.oldest_waiting = min(self.oldest_waiting or time, time)


class HourSums(msgspec.Struct, kw_only=True):
    """Calls of one billing day, of an hour or of any other time."""

    lines: dict[LineKey, LineSums] = msgspec.field(default_factory=dict)
    unmetered: Counter[str] = msgspec.field(default_factory=Counter)
    """Requests by operation."""
    models: dict[str, str] = msgspec.field(default_factory=dict)
    """What the ledger calls the model of a deployment."""
    keys: dict[str, LineKey] = msgspec.field(default_factory=dict)
    """By call id; it is not kept."""


def sum_calls(calls: Iterable[SeenCall], posted: Mapping[str, PostedCall]) -> HourSums:
    """Of calls with what the ledger has of them, by call id."""
    sums = HourSums()
    for each in posted.values():
        if each.deployment is not None and each.model != UNKNOWN_MODEL:
            sums.models[each.deployment] = each.model
    for call in calls:
        if call.unmetered is not None:
            sums.unmetered[call.unmetered] += 1
            continue
        standing = posted.get(call.call_id)
        key = sums.keys[call.call_id] = _key(call, standing)
        if key not in sums.lines:
            sums.lines[key] = LineSums()
        _count(sums.lines[key], call, standing)
    return sums


def sum_days(
    calls: Iterable[SeenCall], posted: Mapping[str, PostedCall], calendar: BillingCalendar
) -> dict[date, HourSums]:
    """The same by the billing day that a call counts on."""
    by_day: dict[date, list[SeenCall]] = {}
    for call in calls:
        by_day.setdefault(calendar.day(call.time), []).append(call)
    return {day: sum_calls(of_day, posted) for day, of_day in by_day.items()}


def hour_of(time: datetime) -> datetime:
    """The hour of a time, in UTC."""
    return time.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _key(call: SeenCall, standing: PostedCall | None) -> LineKey:
    hour = hour_of(call.time)
    if standing is not None:
        return LineKey(hour, standing.api or call.api, standing.model, None)
    return LineKey(hour, call.api, call.model or call.deployment, call.deployment)


def _count(line: LineSums, call: SeenCall, standing: PostedCall | None) -> None:
    """Add one call to its line."""
    calls = line.calls
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
        line.tokens[TokenTally.REPORTED_TOKENS] += call.reported_tokens
        line.tokens[TokenTally.LOGGED_TOKENS] += call.logged_tokens
    if standing is not None:
        _count_posted(line, call, standing)
    elif call.state is PairingState.REFUSED:
        calls[CallTally.REFUSED] += 1
        calls[CallTally.REFUSED_UNREPORTED] += not call.has_event
    else:
        calls[CallTally.WAITING] += 1
        calls[CallTally.WAITING_FAILED] += call.failed
        line.wait_since(call.time)


def _count_posted(line: LineSums, call: SeenCall, standing: PostedCall) -> None:
    calls, charges = line.calls, line.charges
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


class _KeptLine(msgspec.Struct, kw_only=True, omit_defaults=True):
    key: LineKey
    calls: dict[str, int]
    tokens: dict[str, int]
    charges: dict[str, str]
    """Pico-units may be longer than 64 bits."""
    oldest_waiting: datetime | None = None


class _KeptDay(msgspec.Struct, kw_only=True):
    lines: list[_KeptLine]
    unmetered: dict[str, int]
    models: dict[str, str]


class _Kept(msgspec.Struct, kw_only=True):
    days: dict[str, _KeptDay]


_DECODER = msgspec.json.Decoder(_Kept)


def encode_hour(days: Mapping[date, HourSums]) -> str:
    """As a row keeps it."""
    kept = {
        day.isoformat(): _KeptDay(
            lines=[_kept_line(key, line) for key, line in sums.lines.items()],
            unmetered=dict(sums.unmetered),
            models=sums.models,
        )
        for day, sums in days.items()
    }
    text = msgspec.json.encode(_Kept(days=kept))
    return base64.b64encode(zlib.compress(text)).decode()


def decode_hour(text: str) -> dict[date, HourSums]:
    """Sums by billing day. Raises ValueError on a damaged text."""
    try:
        kept = _DECODER.decode(zlib.decompress(base64.b64decode(text)))
    except (msgspec.DecodeError, zlib.error) as error:
        raise ValueError(f"the sums of an hour cannot be read: {error}") from error
    return {
        date.fromisoformat(day): HourSums(
            lines={line.key: _line_sums(line) for line in sums.lines},
            unmetered=Counter(sums.unmetered),
            models=sums.models,
        )
        for day, sums in kept.days.items()
    }


def _kept_line(key: LineKey, line: LineSums) -> _KeptLine:
    return _KeptLine(
        key=key,
        calls={name.value: number for name, number in line.calls.items() if number},
        tokens={name.value: number for name, number in line.tokens.items() if number},
        charges={name.value: str(amount) for name, amount in line.charges.items() if amount},
        oldest_waiting=line.oldest_waiting,
    )


def _line_sums(line: _KeptLine) -> LineSums:
    calls, tokens, charges = line.calls, line.tokens, line.charges
    return LineSums(
        calls=Counter({name: calls[name] for name in CallTally if name in calls}),
        tokens=Counter({name: tokens[name] for name in TokenTally if name in tokens}),
        charges=Counter({name: int(charges[name]) for name in ChargeTally if name in charges}),
        oldest_waiting=line.oldest_waiting,
    )
