"""A call made ready for the ledger: its address, its cell and what it adds to it. Pure.

A column of a cell is either a fact, named here, or a measure: see `measures`.
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache

import msgspec
from msgspec.structs import replace

from pricing_rules.types import CallState, CountedAt, PricedCall, Rank, UsageEvent
from pricing_rules.units import Unit
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.keys import (
    KEYS_KEPT_MAX,
    call_key,
    call_key_at,
    cell_key,
    partition_key,
)
from table_api.ledger.measures import Measures, measures_of
from table_api.ledger.meta import LedgerSettings
from table_api.storage.table_storage import Value
from table_api.storage.timestamp import timestamp

LINE_DIMENSIONS = (
    "deployment",
    "region",
    "service_tier",
    "product",
    "subscription",
    "base_rule",
    "tier",
)
"""What, beside day and model, separates cells: within one, every unit has one list price."""

UNKNOWN_MODEL = "unknown"
"""What a cell calls the model of calls that nobody names, and of all that `is_unnamed`."""
_NOTHING_COUNTED = (CallState.ZERO, CallState.NO_USAGE)

LINES_KEPT_MAX = 4_096
"""Lines whose digest and facts are kept: subjects share them."""

_NAMES = {unit: unit.value for unit in Unit}
"""An enumeration's own way to its text takes longer than the rest of a digest."""


class Origin(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where in Event Hubs an event stood."""

    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime


class MeteredCall(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A rated call and where its event came from: what `Ledger.post` takes."""

    priced: PricedCall
    origin: Origin
    cost_centre: str | None = None
    """The subject's on the charge day, as it was rated with."""


class Report(msgspec.Struct, frozen=True, gc=False):
    """What a chain stands on: how strong a report of the call was, and what it said."""

    strength: tuple[int, int]
    """(rank, sum of tokens)."""
    fingerprint: str
    """Digest of status, deployment, model and counts; equal for a true duplicate."""

    def beats(self, standing: "Report") -> bool:
        """Whether it corrects the standing report; an equal one is a duplicate."""
        return self.strength > standing.strength

    def contradicts(self, other: "Report") -> bool:
        """Whether two reports of equal rank say different things."""
        return self.strength[0] == other.strength[0] and self.fingerprint != other.fingerprint


class Posting(msgspec.Struct, frozen=True, gc=False):
    """A call made ready for the ledger: its address, its facts and what it adds to its cell."""

    call: MeteredCall
    partition: str
    entry_key: str
    subject: str
    time: str
    """The call's, as rows write it."""
    day: date
    cell: str | None
    """RowKey of the cell it counts in; None for a reversal, which counts in none."""
    model: str
    """What the cell calls it: canonical, else as reported, else the deployment; UNKNOWN_MODEL of a
    call that `is_unnamed`."""
    line: tuple[str, ...]
    """Values of LINE_DIMENSIONS; empty text where one is absent, or made up as it may be."""
    measures: Measures
    report: Report


def make_posting(call: MeteredCall, calendar: BillingCalendar, settings: LedgerSettings) -> Posting:
    """Place a call in the ledger. LedgerMismatch when it is priced in other currencies; a moved
    call has no price, and can leave whatever it was priced in.
    """
    priced, event = call.priced, call.priced.event
    currencies = (priced.pricing_currency, priced.billing_currency)
    of_ledger = (settings.pricing_currency, settings.billing_currency)
    if currencies != of_ledger and priced.state is not CallState.MOVED:
        settings.check_currencies(
            f"book {priced.book_version[:12]} of call {event.id}",
            pricing=priced.pricing_currency,
            billing=priced.billing_currency,
        )
    subject, time = event.subject, timestamp(event.time)
    day = calendar.day(event.time)
    model, line = priced.model, _line_of(priced)
    if model is None:
        unnamed = is_unnamed(priced)
        model = (None if unnamed else event.model or event.deployment) or UNKNOWN_MODEL
        line = ("", *line[1:]) if unnamed else line
    # By position, in the order of the fields, which takes less time than names.
    return Posting(
        call,
        partition_key(day, subject, settings.shards),
        call_key_at(subject, day, time, event.id),
        subject,
        time,
        day,
        _cell_of(subject, day, model, line),
        model,
        line,
        measures_of(priced),
        Report(event.strength, _fingerprint(priced)),
    )


def is_unnamed(priced: PricedCall) -> bool:
    """Whether no alias names the call's deployment, and it counts no token and no charge. Any
    caller may make up such a name, without a token too, and each would be a cell of its own for
    ever. So these calls share a cell without the name, which only the call's own row keeps.
    """
    no_model = priced.model is None and priced.event.usage is None
    return no_model and priced.state in _NOTHING_COUNTED


def make_reversal(
    call: MeteredCall, calendar: BillingCalendar, settings: LedgerSettings
) -> Posting | None:
    """The posting that takes a call out of the address which `call` replaces, if it does.

    It is stored under the old key as `moved`, counts nothing and beats every report, so that a
    late one of the old address changes nothing. A report without usage that replaces its own
    address takes the call out of the ledger: it was refused, as pairing learned too late.
    """
    event = call.priced.event
    replaced = event.replaces
    if replaced is None:
        return None
    counted = f"counted under {event.subject} at {event.time.isoformat()}"
    own = (replaced.subject, replaced.time) == (event.subject, event.time)
    withdrawn = own and event.usage is None
    reason = f"answered {event.status}, nothing was charged" if withdrawn else counted
    moved = moved_call(call, replaced, reason=reason)
    posting = make_posting(moved, calendar, settings)
    if not withdrawn and _address(event, calendar, settings.shards) == (
        posting.partition,
        posting.entry_key,
    ):
        return None  # what a report counts it cannot take out itself
    return replace(posting, cell=None)


def moved_call(call: MeteredCall, place: CountedAt, *, reason: str) -> MeteredCall:
    """What is recorded of a call at a place where it counts no more."""
    moved = replace(
        call.priced,
        event=replace(
            call.priced.event,
            subject=place.subject,
            time=place.time,
            rank=Rank.MOVED,
            usage=None,
            replaces=None,
        ),
        state=CallState.MOVED,
        reason=reason,
        charges=(),
        adjustments=(),
        base_rule_id=None,
        tier=None,
        excludes=(),
    )
    return MeteredCall(priced=moved, origin=call.origin)


def _address(event: UsageEvent, calendar: BillingCalendar, shards: int) -> tuple[str, str]:
    """Partition and entry key of a call."""
    day = calendar.day(event.time)
    return (
        partition_key(day, event.subject, shards),
        call_key(event.subject, day, event.time, event.id),
    )


def _line_of(priced: PricedCall) -> tuple[str, ...]:
    event = priced.event
    return (
        event.deployment or "",
        event.region or "",
        event.service_tier or "",
        event.caller.product or "",
        event.caller.subscription or "",
        priced.base_rule_id or "",
        "" if priced.tier is None else str(priced.tier),
    )


@lru_cache(maxsize=KEYS_KEPT_MAX)
def _cell_of(subject: str, day: date, model: str, line: tuple[str, ...]) -> str:
    return cell_key(subject, day, model, line_hash(line))


@lru_cache(maxsize=LINES_KEPT_MAX)
def line_hash(line: tuple[str, ...]) -> str:
    """12 hex digits for the values of LINE_DIMENSIONS."""
    return hashlib.sha256("\x1f".join(line).encode("utf-8", "surrogatepass")).hexdigest()[:12]


def cell_facts(posting: Posting) -> dict[str, Value]:
    """The columns of the posting's cell that are no sums: they are written with its first call."""
    priced = posting.call.priced
    facts: dict[str, Value] = {
        "subject": posting.subject,
        "day": posting.day.isoformat(),
        "model": posting.model,
        "currency": priced.pricing_currency,
    }
    if priced.billing_currency != priced.pricing_currency:
        facts["billing_currency"] = priced.billing_currency
    facts.update(_line_facts(posting.line, priced.provider, priced.version, priced.deployment_type))
    return facts


@lru_cache(maxsize=LINES_KEPT_MAX)
def _line_facts(
    line: tuple[str, ...], provider: str | None, version: str | None, deployment_type: str | None
) -> dict[str, Value]:
    """The facts that subjects share. Nobody may change them."""
    facts: dict[str, Value] = {
        name: value for name, value in zip(LINE_DIMENSIONS, line, strict=True) if value
    }
    for name, fact in (
        ("provider", provider), ("model_version", version), ("deployment_type", deployment_type),
    ):  # fmt: skip
        if fact is not None:
            facts[name] = fact
    return facts


def kept_facts(facts: Mapping[str, Value], posting: Posting) -> Mapping[str, Value]:
    """A cell keeps its facts. One that a call of other currencies made takes the ledger's when the
    next call changes it: else what was corrected in it could never be billed.
    """
    priced = posting.call.priced
    if priced.state is CallState.MOVED:
        return facts
    one_currency = priced.billing_currency == priced.pricing_currency
    billing = None if one_currency else priced.billing_currency
    if (facts.get("currency"), facts.get("billing_currency")) == (priced.pricing_currency, billing):
        return facts
    kept = {name: value for name, value in facts.items() if name != "billing_currency"}
    kept["currency"] = priced.pricing_currency
    return kept if billing is None else kept | {"billing_currency": billing}


def _fingerprint(priced: PricedCall) -> str:
    event = priced.event
    counts = event.usage.counts if event.usage else {}
    counted = ",".join([f"{_NAMES[unit]}={count}" for unit, count in sorted(counts.items())])
    said = f"{event.status}|{event.deployment}|{event.model}|{counted}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:12]
