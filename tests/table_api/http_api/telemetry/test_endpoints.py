"""What Application Insights holds, as the API says it, with the real query client."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.exporting.tags import session_tag
from tests.fixtures.insights import KEY, RunningInsights, running_insights
from tests.fixtures.office import (
    ANN,
    BEN,
    CAT,
    MARK,
    NOW,
    Office,
    issuer_of_office,
    open_office,
)
from tests.telemetry.queries.call_events import call_event, gateway_items

RANGE = {"from": "2026-10-01", "to": "2027-01-01"}


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Office, RunningInsights]]:
    with issuer_of_office() as (issuer, access), running_insights(lambda: NOW) as running:
        office = asyncio.run(open_office(issuer, access))
        asyncio.run(running.publish(office.storage))
        yield office, running


@pytest.fixture
def running(world: tuple[Office, RunningInsights]) -> RunningInsights:
    return world[1]


@pytest.fixture
def office(world: tuple[Office, RunningInsights], running: RunningInsights) -> Office:
    """The company, whose calls are published."""
    world[0].insights, world[0].app = running.insights, None
    return world[0]


async def asked(office: Office, caller: str, path: str, **parameters: str) -> Any:
    async with office.client(caller) as api:
        answer = await api.get(f"/v1/telemetry/{path}", params=RANGE | parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(office: Office, caller: str, path: str, **parameters: str) -> httpx.Response:
    async with office.client(caller) as api:
        return await api.get(f"/v1/telemetry/{path}", params=parameters)


async def test_usage_is_that_of_the_ledger(office: Office) -> None:
    found = await asked(office, "reader", f"subjects/{CAT}/usage")
    async with office.client("reader") as api:
        ledger = await api.get(f"/v1/subjects/{CAT}/usage", params=RANGE | {"group_by": "day"})
    assert found["published_until"] is not None
    assert all(line["is_equal"] for line in found["data"])
    for line in ledger.json()["data"]:
        of_day = [each for each in found["data"] if each["day"] == line["day"]]
        assert sum(each["calls"] for each in of_day) == line["calls"] > 0
        assert [each["charge"] for each in of_day if each["charge"]] == [line["cost"]["charge"]]


async def test_an_item_that_is_missing_makes_the_line_unequal(
    office: Office, running: RunningInsights
) -> None:
    before = await asked(office, "reader", "reconciliation")
    assert before["is_equal"]
    assert {day["state"] for day in before["data"]} == {"equal"}
    rows = running.served.store.rows("AppEvents")
    kept = [row for row in rows if "2026-12-05" not in row["Properties"]]
    assert len(kept) == len(rows) - 10
    with running_insights(lambda: NOW) as fresh:
        fresh.served.store.add({"AppEvents": kept})
        office.insights, office.app = fresh.insights, None
        after = await asked(office, "reader", "reconciliation")
        usage = await asked(office, "reader", f"subjects/{CAT}/usage")
    assert not after["is_equal"]
    states = {day["day"]: day["state"] for day in after["data"]}
    assert states["2026-12-05"] == "differs"
    assert {states[day] for day in states if day != "2026-12-05"} == {"equal"}
    [line] = [each for each in usage["data"] if each["calls"] < each["ledger_calls"]][:1]
    assert not line["is_equal"]


async def test_sessions_and_their_calls_are_the_subjects_own(office: Office) -> None:
    sessions = await asked(office, "employee", f"subjects/{BEN}/sessions")
    names = [each["session"] for each in sessions["data"]]
    assert names == [f"{MARK}session-ben{tag}" for tag in ("dec", "20", "5", "")]
    calls = await asked(office, "employee", f"subjects/{BEN}/calls", session=names[0])
    assert {call["session"] for call in calls["data"]} == {names[0]}
    assert len(calls["data"]) == sessions["data"][0]["calls"]
    async with office.client("employee") as api:
        for call in calls["data"]:
            detail = (await api.get(f"/v1/calls/{call['id']}")).json()
            assert detail["call_id"] == call["call_id"]


async def test_pages_of_calls_hold_each_call_once(office: Office) -> None:
    whole = await asked(office, "reader", f"subjects/{CAT}/calls", limit="200")
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await asked(office, "reader", f"subjects/{CAT}/calls", limit="3", **cursor)
        found += [call["call_id"] for call in page["data"]]
        if page["page"]["next_cursor"] is None:
            break
        cursor = {"cursor": page["page"]["next_cursor"]}
    assert found == [call["call_id"] for call in whole["data"]]
    assert len(set(found)) == len(found) == 8


async def test_a_long_session_is_asked_by_its_own_name_and_by_the_listed_one(
    office: Office,
) -> None:
    long = "s" * 120
    with running_insights(lambda: NOW) as fresh:
        user = Pseudonyms(KEY).subject(CAT)
        tag = session_tag(long)
        time = NOW - timedelta(hours=1)
        fresh.served.store.add({"AppEvents": [call_event("x", time=time, user=user, session=tag)]})
        office.insights, office.app = fresh.insights, None
        [listed] = (await asked(office, "reader", f"subjects/{CAT}/sessions"))["data"]
        for session in (long, listed["session"]):
            calls = await asked(office, "reader", f"subjects/{CAT}/calls", session=session)
            assert [call["session"] for call in calls["data"]] == [tag]


async def test_more_calls_at_one_instant_than_an_answer_holds_are_not_left_out_in_silence(
    office: Office,
) -> None:
    with running_insights(lambda: NOW) as fresh:
        user, time = Pseudonyms(KEY).subject(CAT), NOW - timedelta(hours=1)
        events = [call_event(f"{n:03}", time=time, user=user) for n in range(202)]
        fresh.served.store.add({"AppEvents": events})
        office.insights, office.app = fresh.insights, None
        page = await asked(office, "reader", f"subjects/{CAT}/calls", limit="200")
        cursor = page["page"]["next_cursor"]
        rest = await refused(office, "reader", f"subjects/{CAT}/calls", **RANGE, cursor=cursor)
    assert rest.status_code == 400
    assert "there are over 200 calls at" in rest.json()["detail"]


async def test_where_no_cost_is_known_there_is_none(office: Office) -> None:
    """An unknown price is not 0, in a sum neither."""
    with running_insights(lambda: NOW) as fresh:
        user, time = Pseudonyms(KEY).subject(CAT), NOW - timedelta(hours=1)
        event = call_event("x", time=time, user=user, session="s", pico=None, state="unpriced")
        fresh.served.store.add({"AppEvents": [event]})
        office.insights, office.app = fresh.insights, None
        [session] = (await asked(office, "reader", f"subjects/{CAT}/sessions"))["data"]
        top = await asked(office, "reader", "top", by="model")
    assert (session["calls"], session["charge"]) == (1, None)
    assert [line["charge"] for line in top["data"]] == [None]
    assert (top["totals"]["charge"], top["rest"]["calls"], top["rest"]["charge"]) == (None, 0, "0")


async def test_an_owner_sees_only_the_days_of_their_cost_centre(office: Office) -> None:
    calls = await asked(office, "owner", f"subjects/{BEN}/calls")
    assert {call["time"][:10] for call in calls["data"]} == {"2026-10-05", "2026-11-05"}
    usage = await asked(office, "owner", f"subjects/{BEN}/usage")
    assert {line["day"] for line in usage["data"]} == {"2026-10-05", "2026-11-05"}
    assert all(line["is_equal"] for line in usage["data"])
    assert (await refused(office, "owner", f"subjects/{CAT}/usage")).status_code == 404
    assert (await refused(office, "employee", f"subjects/{ANN}/calls")).status_code == 404


async def test_the_dearest_are_named_and_the_rest_is_added_up(office: Office) -> None:
    found = await asked(office, "reader", "top")
    assert {line["subject"] for line in found["data"]} >= {ANN, BEN, CAT}
    assert {line["name"] for line in found["data"] if line["subject"] == CAT} == {f"{MARK}name-cat"}
    assert (found["rest"]["calls"], found["rest"]["charge"]) == (0, "0")
    assert found["totals"]["calls"] == sum(line["calls"] for line in found["data"])
    models = await asked(office, "reader", "top", by="model")
    assert f"{MARK}model-cat" in {line["group"] for line in models["data"]}
    sessions = await asked(office, "reader", "top", by="session")
    assert {line["subject"] for line in sessions["data"]} >= {ANN, BEN, CAT}
    assert (await refused(office, "employee", "top")).status_code == 403


async def test_a_trace_has_the_call_alone_though_others_use_its_operation(
    office: Office, running: RunningInsights
) -> None:
    page = await asked(office, "employee", f"subjects/{BEN}/calls")
    call = page["data"][0]
    items = gateway_items("one", time=NOW - timedelta(days=5))
    for rows in items.values():
        for row in rows:
            row["OperationId"] = call["trace_id"]
    items["AppRequests"][0]["Properties"] = json.dumps({"Request Id": call["call_id"]})
    foreign = gateway_items(f"{MARK}foreign", time=NOW - timedelta(days=5))
    for rows in foreign.values():
        for row in rows:
            row["OperationId"] = call["trace_id"]
    running.served.store.add(items)
    running.served.store.add(foreign)
    async with office.client("employee") as api:
        answer = await api.get(f"/v1/telemetry/calls/{call['id']}")
    found = answer.json()
    assert [(step["step"], step["duration_ms"]) for step in found["steps"]][:2] == [
        ("gateway", 874),
        ("model", 812),
    ]
    assert found["steps"][1]["parent"] == found["steps"][0]["id"]
    assert found["steps"][2]["step"] == "metering"
    assert [row["copies"] for row in found["rows"]] == [1] * len(found["rows"])
    assert f"{MARK}foreign" not in answer.text


async def test_tokens_are_compared_by_hour(office: Office) -> None:
    found = await asked(office, "admin", "tokens")
    assert sum(line["ledger_calls"] for line in found["data"]) == 40
    assert {line["metric_total"] for line in found["data"]} == {0}


async def test_without_a_workspace_the_routes_say_so(office: Office) -> None:
    office.insights = None
    answer = await refused(office, "reader", "reconciliation")
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:problem:telemetry-not-configured"


async def test_an_api_with_another_key_than_the_publisher_says_so(office: Office) -> None:
    """Its pseudonyms are of nobody: all calls would seem to be missing."""
    assert office.insights is not None
    office.insights = replace(office.insights, names=Pseudonyms("f" * 32))
    for path in (f"subjects/{CAT}/usage", "top", "reconciliation"):
        answer = await refused(office, "reader", path, **RANGE)
        assert answer.status_code == 503
        assert "TELEMETRY_SUBJECT_KEY" in answer.json()["detail"]


async def test_a_busy_workspace_and_half_an_answer_are_refused(
    office: Office, running: RunningInsights
) -> None:
    faults = running.served.faults
    faults.order({"on": "query", "fault": "throttled"})
    busy = await refused(office, "reader", "top", by="state", **RANGE)
    assert (busy.status_code, "Retry-After" in busy.headers) == (503, True)
    faults.order({"on": "query", "fault": "partial"})
    half = await refused(office, "reader", "top", by="state", **RANGE)
    assert half.json()["type"] == "urn:problem:partial-result"
    assert (await refused(office, "reader", "top", by="state", **RANGE)).status_code == 200
