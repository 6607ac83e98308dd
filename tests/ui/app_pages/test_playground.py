"""The playground over the real API: who may use it, what can be chosen, and what a prompt cost."""

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.fixtures.calls import book
from tests.ui.opening import opened, said
from tests.ui.stand import ADA, Stand
from ui.page_parts.playground.choices import Choice, choices_of, estimated_tokens


def test_without_a_gateway_or_a_sign_in_nothing_can_be_sent(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "set `GATEWAY_URL`" in said(opened("playground"))
    monkeypatch.setenv("GATEWAY_URL", "https://gateway.contoso.example/llm/openai/v1/")
    app = opened("playground")
    assert not app.exception
    assert "Nobody is signed in" in said(app)
    assert not app.button


def test_a_gateway_that_is_no_address_is_named(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_URL", "gateway.contoso.example")
    assert "GATEWAY_URL is 'gateway.contoso.example'" in said(opened("playground"))


def test_deployments_are_chosen_with_their_prices(stand: Stand) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    found = choices_of(stand.client.prices().data)
    labels = {choice.deployment: choice.label for choice in found}
    assert labels["gpt-5-mini"] == "gpt-5-mini (0.25 in, 2 out, USD per 1 M)"
    assert "text-embedding-3-small" not in labels
    assert [choice.output for choice in found] == sorted(choice.output for choice in found)


def test_the_estimate_is_rated_by_the_engine(stand: Stand) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()

    def draw(choice: "Choice") -> None:
        from ui.page_parts.playground.cost import show_estimate  # noqa: PLC0415  # runs by itself

        show_estimate(choice, "x" * 4000, 500)

    choice = next(
        each for each in choices_of(stand.client.prices().data) if each.deployment == "gpt-5-mini"
    )
    app = AppTest.from_function(draw, kwargs={"choice": choice}).run(timeout=60)
    assert not app.exception
    assert "About 1,000 prompt tokens" in app.caption[0].value
    assert "about **0.00125 USD** if the answer is that long" in app.caption[0].value


def test_an_estimate_of_tokens_is_never_none_for_a_prompt() -> None:
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]


def test_a_prompt_that_the_ledger_never_saw_is_said_so(stand: Stand) -> None:
    def draw(subject: str) -> None:
        import streamlit as st  # noqa: PLC0415  # runs by itself

        from ui.page_parts.playground.cost import SENT, show_cost  # noqa: PLC0415

        st.session_state[SENT] = ("0" * 32, -1000.0)
        show_cost(subject)

    app = AppTest.from_function(draw, kwargs={"subject": ADA}).run(timeout=60)
    assert not app.exception
    assert "The ledger has no call of this trace" in app.info[0].value
