"""What completeness has to count of traffic with known losses; it knows nothing of the meter."""

from dataclasses import replace

from table_api.open_calls.decision import PairingState
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.traffic import Sent, Traffic, state_of_call
from tests.consumers.pairing.world import DIAGNOSTICS

POSTED = frozenset(PairingState) - {PairingState.REFUSED, PairingState.WAITING}
RARE_NUMBERS = 10**6
"""Calls of traffic have smaller ones."""


def tallies_of(sent: Traffic) -> dict[str, int]:
    """By the names of the report, once all that can arrive has arrived."""
    known = [(call, state) for call in sent.calls if (state := state_of_call(call)) is not None]
    states = [state for _, state in known]
    return {
        "gateway_calls": len(known),
        "usage_events": sum(call.has_event for call, _ in known),
        "logged": sum(call.has_outcome or call.has_tokens for call, _ in known),
        "posted": sum(state in POSTED for state in states),
        "waiting": 0,
        "refused": states.count(PairingState.REFUSED),
        "completed": states.count(PairingState.COMPLETED),
        "recovered": states.count(PairingState.RECOVERED),
        "unattributed": states.count(PairingState.UNATTRIBUTED),
        "no_usage": states.count(PairingState.NO_USAGE)
        + sum(state is PairingState.UNATTRIBUTED and not call.has_tokens for call, state in known),
    }


def with_rare_losses(sent: Traffic) -> Traffic:
    """With calls that lost several halves at once, three of each kind."""
    lost = Call(number=RARE_NUMBERS, time=sent.calls[0].time, has_event=False)
    kinds = [
        replace(lost, has_trace=False),
        replace(lost, has_trace=False, has_tokens=False),
        replace(lost, has_outcome=False),
        replace(lost, has_tokens=False),
        replace(lost, has_outcome=False, has_tokens=False),
    ]
    rare = [replace(call, number=RARE_NUMBERS + n) for n, call in enumerate(kinds * 3)]
    events = []
    for call in rare:
        records = [call.gateway_record()] * call.has_outcome
        records += [call.llm_record()] * call.has_tokens
        if records:
            events.append(Sent(DIAGNOSTICS, envelope(*records), call.time))
    return Traffic([*sent.calls, *rare], [*sent.events, *events])
