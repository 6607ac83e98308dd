"""The page of traces over the real API and the stand-in of Application Insights."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
import streamlit as st
from msgspec.structs import replace

from table_api.http_api.app import ApiSettings
from tests.fixtures.insights import running_insights
from tests.ui.lists import lists
from tests.ui.opening import opened, said
from tests.ui.stand import ADA, InventedCall, Stand, standing
from ui.api.telemetry_answers import Trace, TracedCall, TraceStep
from ui.page_parts.trace.sessions import session_call_columns
from ui.page_parts.trace.waterfall import sentence, waterfall, why_none


@pytest.fixture(scope="module")
def traced(calls: list[InventedCall]) -> Iterator[Stand]:
    """An API whose ledger is published to Application Insights."""
    with (
        running_insights(lambda: datetime.now(UTC)) as running,
        standing(settings=ApiSettings(insights=running.insights)) as stand,
    ):
        stand.save_people()
        stand.post(calls[-20:])
        asyncio.run(running.publish(stand.storage))
        yield stand


@pytest.fixture
def pages(traced: Stand, monkeypatch: pytest.MonkeyPatch) -> Stand:
    """What the pages are configured with."""
    st.cache_data.clear()
    st.cache_resource.clear()
    monkeypatch.setenv("API_URL", traced.url)
    return traced


def test_the_way_leads_from_everybody_over_a_session_to_a_call(pages: Stand, today: date) -> None:
    everybody = opened("traces", range="7 days")
    assert not everybody.exception
    assert "No call of these days names a session" in said(everybody)
    assert "Ada Lovelace" in lists(everybody)[0]["Person"]
    person = opened("traces", subject=ADA, range="7 days")
    assert "Sessions of Ada Lovelace" in said(person)
    assert lists(person)[0]["Session"] == ["without a session"]
    session = opened("traces", subject=ADA, session="without a session", range="7 days")
    assert not session.exception
    assert len(lists(session)[0]["Time"]) == lists(person)[0]["Calls"][0]
    call = opened("traces", call=pages.call_ids(ADA, today)[0])
    assert not call.exception
    assert "no item of the gateway or the model" in said(call)
    assert "metered " in said(call)


def test_an_api_without_application_insights_says_who_connects_it(stand: Stand) -> None:
    app = opened("traces")
    assert not app.exception
    assert "LOG_ANALYTICS_WORKSPACE_ID" in said(app)
    assert [title.value for title in app.title] == ["Traces"]


def test_a_link_to_a_call_that_is_gone_is_said_to_be_one(pages: Stand) -> None:
    app = opened("traces", call="MjAyNjExfDA0L2N8YW5u")
    assert not app.exception
    assert "Not found" in said(app)
    next(button for button in app.button if button.label == "Show everything").click().run()
    assert "Not found" not in said(app)


def step(kind: str, at_ms: int, took_ms: int | None) -> TraceStep:
    return TraceStep(
        step=kind,  # type: ignore[arg-type]  # the API's own words
        name=kind,
        start=datetime(2026, 11, 30, 12, 0, 0, at_ms * 1000, tzinfo=UTC),
        duration_ms=took_ms,
        status="200",
    )


def test_the_sentence_says_where_the_time_went() -> None:
    steps = [step("gateway", 0, 74), step("model", 10, 30), step("model", 44, 20)]
    assert (
        sentence(steps) == "**74 ms in all: the model took 50 ms in 2 tries**, the gateway 24 ms."
    )
    assert sentence(steps[1:2]).startswith("**The model took 30 ms.**")
    marks = waterfall(steps).to_dict()["datasets"].popitem()[1]
    assert [(mark["from"], mark["to"]) for mark in marks] == [(0, 74), (10, 40), (44, 64)]


def test_a_call_after_midnight_is_of_the_day_of_the_billing_zone() -> None:
    call = TracedCall(
        id="a",
        time=datetime(2026, 11, 30, 23, 30, tzinfo=UTC),
        session=None,
        model="gpt-4.1",
        operation="chat",
        state="priced",
        status=200,
        charge=None,
        input_tokens=1,
        cached_tokens=0,
        output_tokens=1,
        gateway_ms=None,
        backend_ms=None,
        backend_tries=1,
    )
    columns = session_call_columns([call], zone="Europe/Berlin", currency="USD")
    assert columns["Time"].cells == ["00:30:00.000"]
    assert columns["Day"].cells == ["1 Dec 2026"]


def test_why_a_trace_has_no_item_is_said_as_far_as_it_is_known() -> None:
    at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    found = Trace(
        id="a",
        call_id="b",
        subject=ADA,
        name=None,
        time=at,
        session=None,
        model="gpt-4.1",
        trace_ids=[],
        gateway_found=False,
        partial=False,
        published_until=None,
        steps=[],
    )
    later = at + timedelta(days=200)
    assert why_none(found, at=at) == "It arrives within minutes."
    assert "older than what Application Insights keeps" in why_none(found, at=later)
    assert "answered in part" in why_none(replace(found, partial=True), at=later)
