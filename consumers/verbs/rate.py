"""The verb `rate`: what the ledger would hold of calls in a file. No storage, no hub.

Events and records of the gateway's log are decoded, joined and rated by the code of metering and
pairing, as if every wait of pairing had passed.
"""

import codecs
import json
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from consumers.errors import UnreadableCalls
from consumers.gateway_log.decode import decode_diagnostics
from consumers.pairing.background import decide_answer, said_of_answer
from consumers.pairing.decide import Waits, decide
from consumers.pairing.reported_fact import fetched_fact, reported_fact
from pricing_rules.decoding.invalid_event import InvalidEvent
from pricing_rules.decoding.usage_event import decode, is_deferred
from pricing_rules.engine.rating import rate
from pricing_rules.money import format_pico
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.types import CallState, PricedCall, UsageEvent
from table_api.open_calls.decision import Decision
from table_api.open_calls.facts import Fact
from table_api.open_calls.joined_call import join_facts
from table_api.open_calls.joined_response import join_response

FAILED = 1
STDIN = Path("-")
ALL_WAITED = datetime.max.replace(tzinfo=UTC)
"""The time by which pairing waits for nothing more."""
NO_TIME = datetime.min.replace(tzinfo=UTC)
FIRST_TIME, LAST_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)
NO_WAITS = Waits(grace=timedelta(0), timeout=timedelta(0))
NO_ROW = "refused before a model was reached: the ledger has no row"
FETCHED = "it fetched the answer of another call: the ledger has no row"


@dataclass(slots=True)
class _Call:
    """What the file says of one call."""

    events: list[UsageEvent] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)


def rate_file(
    file: Path,
    *,
    books: Sequence[Path] = (),
    origins: Collection[str] = tuple(PriceOrigin),
    cost_centre: str | None = None,
    json_form: bool,
) -> int:
    """Print each call of the file as it would be recorded; the exit code.

    An unpriced call is an answer. A body that would be a dead letter ends with exit code 1.
    """
    book = load_book(books, origins=origins, dead_aliases=True)
    answers = rated(_bodies(_content(file)), book, cost_centre)
    for answer in answers:
        print(json.dumps(answer, ensure_ascii=False) if json_form else _as_text(answer))
    return FAILED if any(answer["state"] is None for answer in answers) else 0


def rated(
    bodies: Sequence[bytes], book: Book, cost_centre: str | None = None
) -> list[dict[str, object]]:
    """The dead letters, then an answer for each call in the order in which bodies first name it."""
    calls: dict[str, _Call] = {}
    answers: list[dict[str, object]] = []
    for body in bodies:
        for invalid in _take(calls, body):
            reason = f"dead letter {invalid.code}: {invalid.message}"
            answers.append(_without_state(invalid.event_id, reason))
    _finish(calls)
    for call_id, call in calls.items():
        counted = _counted(call_id, call)
        if counted is None:
            fetched = any(event.fetched for event in call.events)
            answers.append(_without_state(call_id, FETCHED if fetched else NO_ROW))
        else:
            answers.append(_answer(rate(counted, book, cost_centre)))
    return answers


def _take(calls: dict[str, _Call], body: bytes) -> Sequence[InvalidEvent]:
    """Decode a body into the calls that it is about; what of it would be dead letters."""
    said = msgspec.json.decode(body)
    if not (isinstance(said, dict) and "specversion" in said):
        found = decode_diagnostics(body, enqueued_time=ALL_WAITED, oldest=NO_TIME)
        for call_id, fact in found.facts:
            calls.setdefault(call_id, _Call()).facts.append(fact)
        return [bad.invalid for bad in found.bad]
    event = decode(body, enqueued_time=_own_time(said.get("time")))
    if isinstance(event, InvalidEvent):
        return [event]
    call = calls.setdefault(event.id, _Call())
    call.events.append(event)
    said_by_event = fetched_fact(event, body) if event.fetched else reported_fact(event)
    if isinstance(said_by_event, InvalidEvent):
        return [said_by_event]
    if said_by_event is not None:
        call.facts.append(said_by_event)
    return []


def _finish(calls: dict[str, _Call]) -> None:
    """Give the calls whose answers were made in the background what their fetches say."""
    answers: dict[str, list[Fact]] = {}
    for call_id, call in calls.items():
        joined = join_facts(call_id, call.facts)
        said = None if joined is None else said_of_answer(joined, NO_WAITS)
        if said is not None:
            answers.setdefault(said.call_id, []).append(said.fact)
    for key, facts in answers.items():
        answer = join_response(key, facts)
        if answer is None:
            continue
        # A call whose answer is in no fetch of the file stays pending; a fetch alone is counted.
        waited = None if answer.created else ALL_WAITED
        decisions: list[Decision] = []
        while (decision := decide_answer(answer, decisions, waited, NO_WAITS)) is not None:
            decisions.append(decision)
            event = decode(decision.event.encode(), enqueued_time=decision.place.time)
            if isinstance(event, UsageEvent):
                calls.setdefault(event.id, _Call()).events.append(event)


def _own_time(time: object) -> datetime:
    """Stands in for the time at which a hub took the event, which nobody knows. It is in the years
    that a calendar has, so that an event of another one is invalid as in a hub.
    """
    try:
        own = datetime.fromisoformat(str(time)).astimezone(UTC)
    except (ValueError, OverflowError):
        return ALL_WAITED
    return min(max(own, FIRST_TIME), LAST_TIME)


def _counted(call_id: str, call: _Call) -> UsageEvent | None:
    """The report that the ledger would keep: the strongest, and of equal ones the first."""
    reports = [event for event in call.events if not is_deferred(event)]
    joined = join_facts(call_id, call.facts)
    decision = None if joined is None else decide(joined, (), ALL_WAITED, NO_WAITS)
    if decision is not None:
        completed = decode(decision.event.encode(), enqueued_time=decision.place.time)
        if isinstance(completed, UsageEvent):
            reports.append(completed)
    return max(reports, key=lambda event: event.strength, default=None)


def _answer(call: PricedCall) -> dict[str, object]:
    costs = call.state in (CallState.PRICED, CallState.ZERO)
    usage = call.event.usage
    return {
        "id": call.event.id,
        "state": call.state.value,
        "reason": call.reason,
        **{
            layer: format_pico(amount) if costs else None
            for layer, amount in (
                ("list", call.list),
                ("contracted", call.contracted),
                ("charge", call.charge),
                ("billed", call.billed),
            )
        },
        "currency": call.pricing_currency,
        "billing_currency": call.billing_currency,
        "counts": {} if usage is None else dict(usage.counts),
        "excludes": [str(name) for name in call.excludes],
        "rule": call.base_rule_id,
        "model": call.model,
        "alias_unconfirmed": call.alias_unconfirmed,
    }


def _without_state(call_id: str | None, reason: str) -> dict[str, object]:
    amounts = dict.fromkeys(("list", "contracted", "charge", "billed"))
    currencies = dict.fromkeys(("currency", "billing_currency"))
    return {
        "id": call_id,
        "state": None,
        "reason": reason,
        **amounts,
        **currencies,
        "counts": {},
        "excludes": [],
        "rule": None,
        "model": None,
        "alias_unconfirmed": False,
    }


def _as_text(answer: Mapping[str, object]) -> str:
    """`ID priced 0.0075 USD rule …`, or the state with its reason."""
    said = [str(answer["id"] or "?"), str(answer["state"] or "no row")]
    if answer["charge"] is not None:
        said.append(f"{answer['charge']} {answer['currency']}")
    if answer["reason"] is not None:
        said.append(str(answer["reason"]))
    if answer["excludes"]:
        said.append(f"excludes {answer['excludes']}")
    return "\t".join(said)


def _content(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == STDIN else file.read_bytes()
    except OSError as error:
        raise UnreadableCalls(f"{file} cannot be read: {error.strerror}") from error


def _bodies(content: bytes) -> list[bytes]:
    """The bytes of one JSON document, of each item of its list, or of a document a line."""
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        whole = msgspec.json.decode(content)
    except (msgspec.DecodeError, RecursionError):
        return [_checked(number, line) for number, line in _lines(content)]
    if isinstance(whole, list):
        return [bytes(item) for item in msgspec.json.decode(content, type=list[msgspec.Raw])]
    return [content]


def _lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    lines = enumerate(content.split(b"\n"), start=1)
    return ((number, line) for number, line in lines if line.strip())


def _checked(number: int, line: bytes) -> bytes:
    try:
        msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise UnreadableCalls(f"line {number} is no JSON: {error}") from error
    return line
