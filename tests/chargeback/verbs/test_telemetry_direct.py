"""`chargeback telemetry … --direct`: what operators see without the API, of the real client."""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chargeback.__main__ import main
from chargeback_client.verbs import telemetry as verbs
from telemetry.console.direct import Direct, open_direct
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.queries.errors import InvalidParameter, NothingFound, QueryFailed
from telemetry.settings import TelemetrySettings
from tests.fixtures.insights import KEY, RunningInsights, running_insights
from tests.telemetry.queries.call_events import call_event, gateway_items

Output = pytest.CaptureFixture[str]
GOLDEN = Path(__file__).with_name("golden")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NOW = NOON + 5 * MINUTE
DAYS = {"from": "2026-11-20", "to": "2026-11-21"}
FLAGS = ["--from", "2026-11-20", "--to", "2026-11-21"]
ANN = Pseudonyms(KEY).subject("ann")
BOB = Pseudonyms(KEY).subject("bob")


def fill(running: RunningInsights) -> None:
    """A call that was re-rated, one without a price or a gateway item, a moved one, another's."""
    early, late = (NOON - MINUTE).isoformat(), (NOON + 3 * MINUTE).isoformat()
    in_hub = (NOON + timedelta(seconds=1)).isoformat()
    entry = call_event("a", time=NOON, user=ANN, session="s", pico=739_750_000, enqueued_at=in_hub)
    events = [
        entry,
        entry,
        call_event("a", time=NOON, user=ANN, session="s", pico=839_750_000, revision=1,
                   correction="rerating", recorded_at=late),
        call_event("b", time=NOON + MINUTE, user=ANN, session="s", pico=None, status=429,
                   state="unpriced", reason="no_rule"),
        call_event("c", time=NOON, user=ANN, pico=5, recorded_at=early),
        call_event("c", time=NOON, user=ANN, pico=None, revision=1, calls=0, state="moved",
                   correction="moved", recorded_at=late),
        call_event("d", time=NOON, user=BOB, session="s", pico=2_000_000_000, model="big"),
    ]  # fmt: skip
    running.served.store.add({"AppEvents": events, **gateway_items("a", time=NOON)})


@pytest.fixture(scope="module")
def running() -> Iterator[RunningInsights]:
    with running_insights(lambda: NOW) as found:
        fill(found)
        yield found


@pytest.fixture
def direct(running: RunningInsights) -> Iterator[Direct]:
    settings = TelemetrySettings(
        workspace="any", query_url=running.served.query_url, subject_key=KEY
    )
    with open_direct(settings, now=lambda: NOW) as found:
        yield found


def check(name: str, capsys: Output) -> None:
    golden = GOLDEN / f"{name}.txt"
    assert capsys.readouterr().out.splitlines() == golden.read_text(encoding="utf-8").splitlines()


def test_user_is_a_tree_of_sessions(direct: Direct, capsys: Output) -> None:
    assert verbs.user(direct, "ann", DAYS, calls=1, as_json=False) == 0
    check("user", capsys)


def test_session_is_in_the_order_of_time(direct: Direct, capsys: Output) -> None:
    assert verbs.session(direct, "s", "ann", DAYS, as_json=False) == 0
    check("session", capsys)


def test_call_has_every_revision_once(direct: Direct, capsys: Output) -> None:
    assert verbs.call(direct, "call-a", as_json=False) == 0
    check("call", capsys)


def test_call_without_a_gateway_item_says_so(direct: Direct, capsys: Output) -> None:
    assert verbs.call(direct, "call-c", as_json=False) == 0
    check("call_moved", capsys)


def test_top_shows_pseudonyms(direct: Direct, capsys: Output) -> None:
    assert verbs.top(direct, DAYS, "user", as_json=False) == 0
    check("top", capsys)


def test_tail_shows_each_revision_of_everybody_once(direct: Direct, capsys: Output) -> None:
    assert verbs.tail(direct, None, as_json=False, polls=iter([0, 0])) == 0
    check("tail", capsys)


def test_tail_is_of_one_person_where_one_is_named(direct: Direct, capsys: Output) -> None:
    assert verbs.tail(direct, "bob", as_json=True, polls=iter([0])) == 0
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["user"], line["charge"], line["charge_before"]) == (BOB, "0.002", None)


def test_the_newest_calls_of_a_session_are_as_many_as_asked(direct: Direct) -> None:
    calls, currency = direct.calls("ann", DAYS, session="s", most=1)
    assert ([call["call_id"] for call in calls], currency) == (["call-b"], "USD")


def test_a_session_with_more_calls_than_one_answer_is_read_whole(direct: Direct) -> None:
    with running_insights(lambda: NOW) as many:
        steps = [NOON + timedelta(seconds=at // 2) for at in range(450)]
        events = [
            call_event(f"n{at}", time=time, user=ANN, session="s", pico=1)
            for at, time in enumerate(steps)
        ]
        many.served.store.add({"AppEvents": events})
        settings = TelemetrySettings(
            workspace="any", query_url=many.served.query_url, subject_key=KEY
        )
        with open_direct(settings, now=lambda: NOW) as source:
            calls, _ = source.calls("ann", DAYS, session="s")
    assert len({call["entry"] for call in calls}) == len(calls) == 450
    assert [call["time"] for call in calls] == sorted((c["time"] for c in calls), reverse=True)


def test_tail_misses_nothing_where_more_is_recorded_than_one_answer_holds() -> None:
    with running_insights(lambda: NOW) as many:
        events = [
            call_event(f"n{at}", time=NOON + timedelta(milliseconds=100 * at), user=ANN, pico=1)
            for at in range(620)
        ]
        many.served.store.add({"AppEvents": events})
        settings = TelemetrySettings(workspace="any", query_url=many.served.query_url)
        with open_direct(settings, now=lambda: NOW) as source:
            lines, _ = source.recent(None)
    assert [line["entry"] for line in lines] == [f"n{at}" for at in range(620)]


def test_days_are_the_last_seven_where_none_is_named(direct: Direct) -> None:
    usage = direct.usage("ann", {})
    assert (usage["from"], usage["to"]) == ("2026-11-14", "2026-11-21")
    assert [line["calls"] for line in usage["data"]] == [2]


def test_what_has_no_answer_says_why(direct: Direct) -> None:
    with pytest.raises(NothingFound, match="no item of call nowhere since 2026-08-22"):
        direct.call("nowhere")
    with pytest.raises(InvalidParameter, match="subject is missing"):
        direct.usage(None, DAYS)
    with pytest.raises(InvalidParameter, match="from is '20 May', expected a day"):
        direct.usage("ann", {"from": "20 May"})
    with pytest.raises(InvalidParameter, match="2026-11-22 is not before to 2026-11-21"):
        direct.usage("ann", {"from": "2026-11-22", "to": "2026-11-21"})


def test_two_currencies_have_no_sum() -> None:
    with running_insights(lambda: NOW) as mixed:
        events = [
            call_event("a", time=NOON, user=ANN),
            call_event("b", time=NOON, user=ANN, currency="EUR"),
        ]
        mixed.served.store.add({"AppEvents": events})
        settings = TelemetrySettings(
            workspace="any", query_url=mixed.served.query_url, subject_key=KEY
        )
        with (
            open_direct(settings, now=lambda: NOW) as source,
            pytest.raises(QueryFailed, match="calls in EUR and in USD"),
        ):
            source.usage("ann", DAYS)


def test_the_flag_asks_the_workspace_that_the_environment_names(
    running: RunningInsights, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_ANALYTICS_WORKSPACE_ID", "any")
    monkeypatch.setenv("TELEMETRY_QUERY_URL", running.served.query_url)
    monkeypatch.setenv("TELEMETRY_SUBJECT_KEY", KEY)
    assert main(["telemetry", "user", "ann", "--calls", "1", "--direct", *FLAGS]) == 0
    check("user", capsys)


def test_without_a_workspace_the_flag_names_the_variable(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LOG_ANALYTICS_WORKSPACE_ID", raising=False)
    assert main(["telemetry", "top", "--direct"]) == 1
    said = "error: LOG_ANALYTICS_WORKSPACE_ID is not set, which --direct asks\n"
    assert capsys.readouterr().err == said


def test_a_call_that_is_not_published_yet_shows_what_the_gateway_said(
    direct: Direct, running: RunningInsights, capsys: Output
) -> None:
    running.served.store.add(dict(gateway_items("late", time=NOON)))
    assert verbs.call(direct, "call-late", as_json=False) == 0
    head, gateway, model = capsys.readouterr().out.splitlines()
    assert head == "call-late  2026-11-20T12:00:00.000Z  model unknown"
    assert "gateway 200 874 ms" in gateway
    assert "model 200 812 ms" in model


def test_a_workspace_that_does_not_answer_ends_the_verb_with_one_line(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("LOG_ANALYTICS_WORKSPACE_ID", "any")
    monkeypatch.setenv("TELEMETRY_QUERY_URL", f"http://127.0.0.1:{port}/v1")
    assert main(["telemetry", "call", "call-a", "--direct"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    assert line.startswith("error: operation: Application Insights cannot be reached: ")


def test_the_calls_of_others_in_one_operation_are_not_shown(running: RunningInsights) -> None:
    """A client chose the trace id of both calls."""
    before = NOON - timedelta(days=3)  # no day of other tests
    mine = call_event("m1", time=before, user="cat") | {"OperationId": "shared"}
    other = call_event("m2", time=before, user="dan") | {"OperationId": "shared"}
    running.served.store.add({"AppEvents": [mine, other]})
    settings = TelemetrySettings(workspace="any", query_url=running.served.query_url)
    with open_direct(settings, now=lambda: NOW) as source:
        found = source.call("call-m1")
    assert [row["entry"] for row in found["rows"]] == ["m1"]
