"""What pairing decided about a call, and the state of the call that follows. Pure.

A decision holds the whole event to publish: it is made once and never computed again.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from pricing_rules.types import UNATTRIBUTED, CountedAt
from table_api.open_calls.joined_call import JoinedCall
from table_api.open_calls.joined_response import JoinedResponse


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """The n-th decision about a call (from 1), to be published and then marked done."""

    call_id: str
    number: int
    place: CountedAt
    strength: tuple[int, int]
    """(rank, sum of tokens) of the event, as the ledger compares it."""
    event: str
    """The event's whole body, a `llm.call.completed.v1`."""
    replaces: CountedAt | None = None

    @property
    def withdraws(self) -> bool:
        """Whether the call goes out of the ledger, since it was refused after all."""
        return self.replaces == self.place


class PairingState(StrEnum):
    """What pairing knows of a call. Every gateway call of a model has exactly one."""

    METERED = "metered"
    """Its UsageEvent had all that metering needs."""
    PENDING = "pending"
    """Its answer is made in the background: the ledger says whether it was fetched."""
    UNMETERED = "unmetered"
    """A billed operation that nobody counts per call: only its requests are counted."""
    FETCHED = "fetched"
    """No call by itself: it fetched a background answer of another one."""
    COMPLETED = "completed"
    """Its UsageEvent had no usage; the gateway's log gave it."""
    RECOVERED = "recovered"
    """Its UsageEvent never came; trace and log stood in for it."""
    NO_USAGE = "no_usage"
    """Somebody called, and nobody reported usage. It may have failed."""
    UNATTRIBUTED = "unattributed"
    """Nobody could say who called."""
    REFUSED = "refused"
    """Nothing to charge: refused, or no model was reached. No row of the ledger."""
    WAITING = "waiting"
    """A half may still come."""


def state_of(call: JoinedCall, decisions: Sequence[Decision]) -> PairingState:
    """The state of a call, from its facts and its decisions in order."""
    if call.fetches is not None:
        return PairingState.FETCHED
    if call.unmetered is not None and not decisions:
        return PairingState.UNMETERED
    if call.pending and (call.metered or decisions):
        return PairingState.PENDING
    if call.metered:
        out = call.charged_from_cache and decisions and decisions[-1].withdraws
        return PairingState.REFUSED if out else PairingState.METERED
    if call.refused and not (call.cached and decisions):
        return PairingState.REFUSED
    if decisions:
        last = decisions[-1]
        if last.withdraws:
            return PairingState.REFUSED
        if last.place.subject == UNATTRIBUTED:
            return PairingState.UNATTRIBUTED
        if last.strength[0] == 0:
            return PairingState.NO_USAGE
        return PairingState.COMPLETED if call.reported else PairingState.RECOVERED
    return PairingState.WAITING


def state_of_answer(answer: JoinedResponse, decisions: Sequence[Decision]) -> PairingState | None:
    """Of a background answer whose request nobody has reported; None where that call is known: it
    has the state.
    """
    if answer.created or answer.answer is None or answer.answer.usage is None:
        return None
    if not (answer.of_background or decisions):
        return None
    return PairingState.UNATTRIBUTED if decisions else PairingState.WAITING


def counted_places(call: JoinedCall, decisions: Sequence[Decision]) -> list[CountedAt]:
    """Where the call counts, as far as is known here: more than one place until it is moved.

    The first is to stay: the first place where metering posts it, else where pairing did. A call
    that was moved away from a place or withdrawn counts there no more.
    """
    gone = {each.replaces for each in decisions}
    last = [each.place for each in decisions[-1:]]
    places = dict.fromkeys((*call.metered_at[:1], *last, *call.metered_at[1:]))
    return [place for place in places if place not in gone]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Decision)


def encode_decision(decision: Decision) -> str:
    """As a row keeps it."""
    return _ENCODER.encode(decision).decode()


def decode_decision(text: str) -> Decision:
    """The inverse of encode_decision."""
    return _DECODER.decode(text)
