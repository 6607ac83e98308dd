"""The playground: one prompt through the gateway as whoever is signed in, and what it cost."""

import streamlit as st

from ui.api.connection import api, caller_token, settings
from ui.page_parts.playground.choices import choices_of
from ui.page_parts.playground.cost import show_cost, show_estimate
from ui.page_parts.playground.sending import send, show_last_answer
from ui.parts.failure import failures_shown

PROMPT_CHARS_MAX = 20_000
OUTPUT_DEFAULT, OUTPUT_MAX = 300, 8_000


def draw(subject: str, token: str) -> None:
    prices = api().prices()
    choices = {choice.label: choice for choice in choices_of(prices.data, prices.zones)}
    if not choices:
        st.info(
            "The price book names no deployment for text, so nothing can be chosen here.",
            icon=":material/sell:",
        )
        return
    with st.container(horizontal=True):
        label = st.selectbox("Model", list(choices), width=420)
        output_max = int(
            st.number_input("Output tokens, at most", 1, OUTPUT_MAX, OUTPUT_DEFAULT, width=190)
        )
    text = st.text_area("Prompt", max_chars=PROMPT_CHARS_MAX, height=120).strip()
    choice = choices[label]
    if text:
        with failures_shown("estimate"):
            show_estimate(choice, text, output_max)
    pressed = st.button("Send", icon=":material/send:")
    if pressed and not text:
        st.warning("Write a prompt first.")
    elif pressed:
        send(choice, text, output_max, token=token)
    else:
        show_last_answer()
    with failures_shown("cost"):
        show_cost(subject)


st.title("Playground", anchor=False)
st.caption("A prompt goes through the gateway as you, and is charged like any call of yours.")
with failures_shown("playground"):
    me, own_token = api().me(), caller_token()
    if not settings().gateway_url:
        st.info("This UI knows no gateway: set `GATEWAY_URL`.", icon=":material/link_off:")
    elif me.subject is None or own_token is None:
        st.info(
            "Nobody is signed in, so the gateway would not know whom to charge.",
            icon=":material/person_off:",
        )
    else:
        draw(me.subject, own_token)
