"""What a prompt may cost, and what it cost in the end."""

import time

import streamlit as st

from ui.address import TRACES_PAGE, USAGE_PAGE, Parameter
from ui.api.connection import api, today
from ui.api.found_calls import call_of_trace
from ui.api.rating import Question, rate
from ui.api.usage_answers import Call
from ui.format import amount, counted, escape, exact_amount, unit
from ui.page_parts.playground.choices import Choice, estimated_tokens
from ui.parts.call_state import state_words
from ui.period import one_day

LOOK_EVERY_S = 2
LOOKED_FOR_S = 90
SENT = "playground_sent"
"""The trace id of the last prompt and when it was sent, in the session's state."""


def show_estimate(choice: Choice, text: str, output_max: int) -> None:
    """By the engine: with the longest answer that is allowed."""
    prompt = estimated_tokens(text)
    usage = {"prompt_tokens": prompt, "completion_tokens": output_max}
    asked = Question(model=choice.model, provider=choice.provider, usage=usage)
    (call,) = rate(api(), [asked]).data
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
        st.session_state[SENT] = (trace_id, time.monotonic())


def show_cost(subject: str) -> None:
    """The last prompt's exact cost, looked for until the ledger has it."""
    if SENT in st.session_state:
        trace_id, sent_at = st.session_state[SENT]
        found = _find(subject, trace_id)
        if found is not None:
            _show_found(found)
        elif time.monotonic() - sent_at < LOOKED_FOR_S:
            _look_again(subject)
        else:
            st.info(
                f"The ledger has no call of this trace after {LOOKED_FOR_S} s. It appears on the "
                "page Live when it is metered.",
                icon=":material/hourglass_empty:",
            )


@st.fragment(run_every=LOOK_EVERY_S)
def _look_again(subject: str) -> None:
    trace_id, _ = st.session_state[SENT]
    if _find(subject, trace_id) is not None:
        st.rerun()
    st.caption("Waiting for the ledger: a call is metered some seconds after its answer…")


def _find(subject: str, trace_id: str) -> Call | None:
    day = one_day(today(api().health()))
    return call_of_trace(api(), day, subject=subject, trace_id=trace_id)


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
