"""Sending a prompt: the answer as it comes, and the note by which its cost is looked for."""

import secrets

import streamlit as st

from ui.api.connection import settings
from ui.format import escape
from ui.page_parts.playground.choices import Choice
from ui.page_parts.playground.cost import note_ended, note_sent
from ui.page_parts.playground.gateway import Prompt, new_trace_id, streamed
from ui.page_parts.playground.stream import GatewayError, GatewayRefused

SESSION = "playground_session"
ANSWER = "playground_answer"
WHY_CUT = "playground_why_cut"
"""Why the answer is not whole; it is shown for as long as the answer is."""
STOPPED = (
    "This is not the whole answer: something on the page was changed while it came. What the model "
    "answered is charged all the same."
)
"""The page is drawn again then, and nobody reads what the gateway still sends."""


def session_id() -> str:
    """One session for all prompts of a visit."""
    return str(st.session_state.setdefault(SESSION, secrets.token_hex(16)))


def send(choice: Choice, text: str, output_max: int, *, token: str) -> None:
    """Stream the answer into the page as plain text: Markdown of a model could load an image."""
    prompt = Prompt(
        deployment=choice.deployment,
        text=text,
        output_max=output_max,
        session=session_id(),
        trace_id=new_trace_id(),
    )
    st.session_state[ANSWER] = ""
    st.session_state.pop(WHY_CUT, None)
    note_sent(prompt.trace_id)  # which asks the API: if it fails, nothing was sent
    st.session_state[WHY_CUT] = STOPPED
    place = st.empty()
    try:
        for part in streamed(settings().gateway_url, token, prompt):
            st.session_state[ANSWER] += part
            place.text(st.session_state[ANSWER])
        st.session_state.pop(WHY_CUT)
    except GatewayError as error:
        if isinstance(error, GatewayRefused):
            note_sent(None)
        st.session_state[WHY_CUT] = str(error)
        show_why_cut()
    note_ended()


def show_last_answer() -> None:
    """The answer that was streamed before, and why it is not whole."""
    if answer := st.session_state.get(ANSWER):
        st.text(answer)
    show_why_cut()


def show_why_cut() -> None:
    if why := st.session_state.get(WHY_CUT):
        st.error(escape(why), icon=":material/error:")
