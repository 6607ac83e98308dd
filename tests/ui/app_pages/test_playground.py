"""The playground over the real API: who may use it, what can be chosen, and what a prompt cost."""

from datetime import date, timedelta
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.fixtures.builders import call_id
from tests.fixtures.calls import book
from tests.pricing_rules.books import ALIAS, base_rule, compile_text
from tests.ui.opening import opened, said
from tests.ui.page_parts.playground.edge import ANSWER, answering
from tests.ui.stand import ADA, InventedCall, Stand
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


def choices(stand: Stand) -> list[Choice]:
    prices = stand.client.prices()
    return choices_of(prices.data, prices.zones)


def test_deployments_are_chosen_with_their_prices(stand: Stand) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    found = choices(stand)
    labels = {choice.deployment: choice.label for choice in found}
    assert labels["gpt-5-mini"] == "gpt-5-mini (0.25 in, 2 out, USD per 1 M)"
    assert "text-embedding-3-small" not in labels
    assert [choice.output for choice in found] == sorted(choice.output for choice in found)


def estimate(choice: "Choice") -> str:
    """What the page says of a prompt of 1,000 tokens with 500 of output."""

    def draw(choice: "Choice") -> None:
        from ui.page_parts.playground.cost import show_estimate  # noqa: PLC0415  # runs by itself

        show_estimate(choice, "x" * 4000, 500)

    app = AppTest.from_function(draw, kwargs={"choice": choice}).run(timeout=60)
    assert not app.exception
    return str(app.caption[0].value)


def test_the_estimate_is_rated_by_the_engine(stand: Stand) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()

    choice = next(each for each in choices(stand) if each.deployment == "gpt-5-mini")
    text = estimate(choice)
    assert "About 1,000 prompt tokens" in text
    assert "about **0.00125 USD** if the answer is that long" in text


def test_an_estimate_of_tokens_is_never_none_for_a_prompt() -> None:
    assert [estimated_tokens(text) for text in ("", "a", "abcd", "abcde")] == [0, 1, 1, 2]


def test_the_estimate_is_at_the_price_of_the_deployment_s_type(
    stand: Stand, tmp_path: Path
) -> None:
    zone = base_rule(
        "base.zone",
        rates='rates = { input = "3", output = "11" }',
        match=', deployment = ["DataZoneStandard"]',
    )
    everywhere = base_rule(match=', deployment = ["GlobalStandard"]')
    alias = ALIAS.replace("GlobalStandard", "DataZoneStandard")
    stand.publish_prices(compile_text(tmp_path, everywhere, zone, alias), age_days_max=10_000)
    st.cache_data.clear()
    (choice,) = choices(stand)
    assert choice.label == "dep (3 in, 11 out, USD per 1 M)"
    assert "about **0.00850 USD** if the answer is that long" in estimate(choice)


def test_the_estimate_is_at_the_price_of_the_deployment_s_version(
    stand: Stand, tmp_path: Path
) -> None:
    """The engine has no price for a model of several versions where none is said."""
    older = base_rule(
        "base.older",
        rates='rates = { input = "30", output = "110" }',
        match=', versions = ["2024-05-13"]',
    )
    newer = base_rule("base.newer", match=', versions = ["2024-11-20"]')
    alias = f'{ALIAS}version = "2024-05-13"\n'
    stand.publish_prices(compile_text(tmp_path, older, newer, alias), age_days_max=10_000)
    st.cache_data.clear()
    (choice,) = choices(stand)
    assert choice.label == "dep (30 in, 110 out, USD per 1 M)"
    assert "about **0.0850 USD** if the answer is that long" in estimate(choice)


def test_a_report_is_no_price_of_a_deployment_that_azure_s_list_has(
    stand: Stand, tmp_path: Path
) -> None:
    """However specific it is: the engine takes Azure's own."""
    said = base_rule(
        "base.said",
        rates='rates = { input = "9", output = "9" }',
        match=', deployment = ["GlobalStandard"]',
    )
    own = base_rule().replace('kind = "report"', 'kind = "azure-retail"')
    stand.publish_prices(compile_text(tmp_path, said, own, ALIAS), age_days_max=10_000)
    st.cache_data.clear()
    (choice,) = choices(stand)
    assert choice.label == "dep (2 in, 8 out, USD per 1 M)"
    assert "about **0.00600 USD** if the answer is that long" in estimate(choice)


def sending(choice: "Choice", *, url: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    def draw(choice: "Choice", subject: str) -> None:
        import streamlit as st  # noqa: PLC0415  # runs by itself

        from ui.page_parts.playground.cost import show_cost  # noqa: PLC0415
        from ui.page_parts.playground.sending import send, show_last_answer  # noqa: PLC0415

        if "sent" in st.session_state:
            show_last_answer()
        else:
            st.session_state["sent"] = True
            send(choice, "hello", 20, token="token")
        show_cost(subject)

    monkeypatch.setenv("GATEWAY_URL", url)
    return AppTest.from_function(draw, kwargs={"choice": choice, "subject": ADA})


def send_and_draw(choice: "Choice", *, url: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    return sending(choice, url=url, monkeypatch=monkeypatch).run(timeout=60)


def test_the_cost_of_an_answer_that_broke_off_is_looked_for_and_of_a_refused_one_not(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    choice = choices(stand)[0]
    with answering(200, ANSWER[:140], promised=len(ANSWER)) as edge:
        broken = send_and_draw(choice, url=edge.url, monkeypatch=monkeypatch)
    assert not broken.exception
    assert "broke off" in broken.error[0].value
    assert "Waiting for the ledger" in broken.caption[0].value
    broken.run(timeout=60)
    assert broken.text[0].value == "Hel"
    assert "broke off" in broken.error[0].value, "also when the page is drawn again"
    with answering(429, b"too fast") as edge:
        refused = send_and_draw(choice, url=edge.url, monkeypatch=monkeypatch)
    assert "answered 429" in refused.error[0].value
    assert not refused.caption


def test_a_prompt_of_the_day_before_is_found_after_midnight(
    stand: Stand, calls: list[InventedCall], today: date
) -> None:
    yesterday = today - timedelta(days=1)
    call = next(call for call in calls if call.day == yesterday and call.priced.charge)

    def draw(subject: str, named: str, day: "date") -> None:
        import time  # noqa: PLC0415  # runs by itself

        import streamlit as st  # noqa: PLC0415

        from ui.page_parts.playground.cost import Sent, found_call  # noqa: PLC0415

        call = found_call(subject, Sent(trace_id=named, day=day, at=time.monotonic()))
        st.text(call and call.id)

    asked = {"subject": call.subject, "named": call_id(call.number), "day": yesterday}
    app = AppTest.from_function(draw, kwargs=asked).run(timeout=60)
    assert not app.exception
    assert app.text[0].value in stand.call_ids(call.subject, yesterday)


def test_a_prompt_that_the_ledger_never_saw_is_said_so(stand: Stand) -> None:
    def draw(subject: str) -> None:
        from datetime import date  # noqa: PLC0415  # runs by itself

        import streamlit as st  # noqa: PLC0415

        from ui.page_parts.playground.cost import SENT, Sent, show_cost  # noqa: PLC0415

        st.session_state[SENT] = Sent(trace_id="0" * 32, day=date(2026, 11, 1), at=-1000.0)
        show_cost(subject)

    app = AppTest.from_function(draw, kwargs={"subject": ADA}).run(timeout=60)
    assert not app.exception
    assert "The ledger has no call of this trace" in app.info[0].value


def test_an_answer_that_somebody_stopped_is_not_shown_as_whole(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change on the page draws it again: nobody reads the rest of the answer."""
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    with answering(200, ANSWER[:140]) as edge:
        edge.rest, edge.pause_s = ANSWER[140:], 3.0
        app = sending(choices(stand)[0], url=edge.url, monkeypatch=monkeypatch)
        with pytest.raises(RuntimeError, match="timed out"):
            app.run(timeout=1.5)
    app.run(timeout=60)
    assert not app.exception
    assert [text.value for text in app.text] == ["Hel"]
    assert "This is not the whole answer" in app.error[0].value
    assert "Waiting for the ledger" in app.caption[0].value


def test_a_prompt_that_could_not_be_noted_was_not_sent_and_has_no_answer(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand.publish_prices(book(), age_days_max=10_000)
    st.cache_data.clear()
    with answering(200, ANSWER) as edge:
        app = sending(choices(stand)[0], url=edge.url, monkeypatch=monkeypatch)
        stand.late.refuses = True
        assert app.run(timeout=60).exception
        stand.late.refuses = False
        app.run(timeout=60)
        assert not edge.sent
    assert not app.exception
    assert not app.error
