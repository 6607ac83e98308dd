"""A day's mixed traffic with known losses, and what the ledger must hold of it in the end."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from pricing_rules.types import UNATTRIBUTED
from table_api.open_calls.decision import PairingState
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import DIAGNOSTICS, USAGE

STREAMED_PERCENT = 60
EVENTS_LOST_PERCENT = 3
DUPLICATES_PERCENT = 5
OTHER_LOSSES_PERCENT = 1
"""Of each other half: trace, row of the gateway's log, row of its LLM log."""
REFUSED_PERCENT = 2
EMBEDDINGS_PERCENT = 5
RECORDS_MAX = 8
"""Records in one event of the diagnostics hub."""
SUBJECTS = 40
DELAY_MAX = timedelta(minutes=40)
"""Of a half, from its call on: beyond the grace, within the timeout."""
VERY_LATE_PERCENT = 2
VERY_LATE_MAX = timedelta(minutes=110)
"""Of so many halves: beyond the timeout."""

Truth = tuple[str, int, int]
"""Subject, rank, tokens of a call in the ledger."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event of a hub."""

    hub: str
    body: bytes
    enqueued_time: datetime


@dataclass(frozen=True, slots=True)
class Traffic:
    """Calls and the events that tell of them, in the order of their sending."""

    calls: Sequence[Call]
    events: Sequence[Sent]

    @property
    def truth(self) -> dict[str, Truth]:
        """By call id, for every call whose data reached a hub. Knows nothing of pairing."""
        return {call.id: found for call in self.calls if (found := truth_of(call)) is not None}

    @property
    def states(self) -> Counter[PairingState]:
        """How many calls end in each state."""
        found = Counter(state_of_call(call) for call in self.calls)
        return Counter({state: number for state, number in found.items() if state is not None})


def traffic(
    count: int,
    *,
    start: datetime,
    span: timedelta,
    seed: int = 7,
    subjects: int = SUBJECTS,
    first: int = 0,
) -> Traffic:
    """Halves in random order over both hubs, with duplicates and losses, of calls whose numbers
    begin with `first`.
    """
    chance = Random(seed)
    calls = [
        _call(first + number, start + span * number / count, subjects, chance)
        for number in range(count)
    ]
    events = [Sent(USAGE, call.event(), _arrival(call, chance)) for call in calls if call.has_event]
    records = [
        (_arrival(call, chance), call.gateway_record()) for call in calls if call.has_outcome
    ]
    records += [(_arrival(call, chance), call.llm_record()) for call in calls if call.has_tokens]
    records.sort(key=lambda each: each[0])
    while records:
        size = chance.randint(1, RECORDS_MAX)
        together, records = records[:size], records[size:]
        body = envelope(*(record for _, record in together))
        events.append(Sent(DIAGNOSTICS, body, together[-1][0]))
    for event in chance.choices(events, k=len(events) * DUPLICATES_PERCENT // 100):
        again = event.enqueued_time + DELAY_MAX * chance.random()
        events.append(replace(event, enqueued_time=again))
    events.sort(key=lambda each: each.enqueued_time)
    return Traffic(calls, events)


def _arrival(call: Call, chance: Random) -> datetime:
    late = chance.randrange(100) < VERY_LATE_PERCENT
    return call.time + (VERY_LATE_MAX if late else DELAY_MAX) * chance.random()


def _call(number: int, time: datetime, subjects: int, chance: Random) -> Call:
    def happens(percent: int) -> bool:
        return chance.randrange(100) < percent

    embeds = happens(EMBEDDINGS_PERCENT)
    refused = happens(REFUSED_PERCENT)
    prompt = chance.randint(1, 8_000)
    return Call(
        number=number,
        subject=f"user-{chance.randrange(subjects)}",
        time=time,
        stream=not embeds and happens(STREAMED_PERCENT),
        status=429 if refused else 200,
        operation="embeddings" if embeds else "chat-completions",
        prompt=prompt,
        cached=0 if embeds else chance.randint(0, prompt),
        completion=0 if embeds else chance.randint(1, 2_000),
        has_event=not happens(EVENTS_LOST_PERCENT),
        has_outcome=not happens(OTHER_LOSSES_PERCENT),
        has_trace=not happens(OTHER_LOSSES_PERCENT),
        has_tokens=not (embeds or refused or happens(OTHER_LOSSES_PERCENT)),
    )


def truth_of(call: Call) -> Truth | None:
    """None for a call that is not to stand in the ledger."""
    match state_of_call(call):
        case PairingState.METERED if call.usage is not None:
            return call.subject, 2, call.total
        case PairingState.METERED | PairingState.NO_USAGE:
            return call.subject, 0, 0
        case PairingState.COMPLETED | PairingState.RECOVERED:
            return call.subject, 1, call.total
        case PairingState.UNATTRIBUTED:
            return UNATTRIBUTED, int(call.has_tokens), call.total if call.has_tokens else 0
    return None


def state_of_call(call: Call) -> PairingState | None:
    """By the halves that arrive; None when none does."""
    if call.has_event and (call.usage is not None or call.status == 429):
        return PairingState.METERED
    if not (call.has_event or call.has_outcome or call.has_tokens):
        return None
    if call.unreached and call.has_outcome:
        return PairingState.REFUSED  # without that nobody knows, whoever is named
    if not (call.has_event or (call.has_outcome and call.has_trace)):
        return PairingState.UNATTRIBUTED
    if not call.has_tokens:
        return PairingState.NO_USAGE
    return PairingState.COMPLETED if call.has_event else PairingState.RECOVERED


def differences(truth: dict[str, Truth], found: dict[str, list[Truth]]) -> Iterable[str]:
    """A line for each call that the ledger tells otherwise."""
    for call_id in truth.keys() | found.keys():
        wanted = [truth[call_id]] if call_id in truth else []
        if found.get(call_id, []) != wanted:
            yield f"{call_id}: ledger {found.get(call_id)}, truth {wanted}"
