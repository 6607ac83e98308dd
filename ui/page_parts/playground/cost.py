"""What a prompt may cost, and what it cost in the end."""

import time
from dataclasses import dataclass, replace
from datetime import date

import streamlit as st

from ui.address import TRACES_PAGE, USAGE_PAGE, Parameter
from ui.api.connection import api, today
from ui.api.found_calls import call_of_trace
from ui.api.rating import rate
from ui.api.usage_answers import Call
from ui.figures.offers import question_of
from ui.format import amount, counted, escape, exact_amount, unit
from ui.page_parts.playground.choices import Choice, estimated_tokens
from ui.parts.call_state import state_words
from ui.parts.failure import failures_shown
from ui.period import DAY, Period, one_day

LOOK_EVERY_S = 2
LOOKED_FOR_S = 90
SENT = "playground_sent"
"""The last prompt, in the session's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A prompt whose cost is looked for."""

    trace_id: str
    day: date
    """The billing day on which it was sent."""
    at: float
    """When it was sent, or its answer ended, by the monotonic clock."""


def show_estimate(choice: Choice, text: str, output_max: int) -> None:
    """By the engine: with the longest answer that is allowed."""
    prompt = estimated_tokens(text)
    usage = {"prompt_tokens": prompt, "completion_tokens": output_max}
    (call,) = rate(api(), [question_of(choice.offer, usage)]).data
    if call.total is None:
        st.caption(f"No estimate: {escape(call.reason or call.state)}.")
        return
    st.caption(
        f"About {counted(prompt, 'prompt token')} and at most {output_max:,} of output: about "
        f"**{amount(call.total, call.currency)}** if the answer is that long."
    )


def note_sent(trace_id: str | None) -> None:
    """The prompt whose cost is looked for; None where the gateway refused it."""
    if trace_id is None:
        st.session_state.pop(SENT, None)
    else:
        day = today(api().health())
        st.session_state[SENT] = Sent(trace_id=trace_id, day=day, at=time.monotonic())


def note_ended() -> None:
    """The call is metered after its answer, however long that takes."""
    sent: Sent | None = st.session_state.get(SENT)
    if sent is not None:
        st.session_state[SENT] = replace(sent, at=time.monotonic())


def show_cost(subject: str) -> None:
    """The last prompt's exact cost, looked for until the ledger has it."""
    sent: Sent | None = st.session_state.get(SENT)
    if sent is None:
        return
    found = found_call(subject, sent)
    if found is not None:
        _show_found(found)
    elif time.monotonic() - sent.at < LOOKED_FOR_S:
        _look_again(subject)
    else:
        st.info(
            f"The ledger has no call of this trace {LOOKED_FOR_S} s after its answer. It appears "
            "on the page Live when it is metered.",
            icon=":material/hourglass_empty:",
        )


@st.fragment(run_every=LOOK_EVERY_S)
def _look_again(subject: str) -> None:
    with failures_shown("look", is_live=True):
        if found_call(subject, st.session_state[SENT]) is not None:
            st.rerun()
        st.caption("Waiting for the ledger: a call is metered some seconds after its answer…")


def found_call(subject: str, sent: Sent) -> Call | None:
    """The call is of the day on which the prompt was sent; around midnight, of the next one."""
    period = Period(first=sent.day, until=max(sent.day, today(api().health())) + DAY)
    return call_of_trace(api(), period, subject=subject, trace_id=sent.trace_id)


def _show_found(call: Call) -> None:
    currency = api().usage(one_day(call.day), "day").currency
    by_unit = ", ".join(f"{count:,} {unit(name)}" for name, count in call.units.items())
    if call.cost is None:
        st.warning(f"**{state_words(call.state, call.status)}**: {by_unit or 'no tokens'}.")
    else:
        st.success(
            f"**It cost {exact_amount(call.cost.charge, currency)}**: {by_unit}.",
            icon=":material/receipt_long:",
        )
    with st.container(horizontal=True):
        query = {Parameter.CALL.value: call.id}
        st.page_link(USAGE_PAGE, label="Why this much", query_params=query)
        st.page_link(TRACES_PAGE, label="Its trace", query_params=query)
