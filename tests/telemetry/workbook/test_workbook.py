"""Every query of the Workbook and of the alerts passes Microsoft's parser and runs; the files in
bicep/ are those that the code makes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local_stack.insights.query import answer
from local_stack.insights.store import Store
from telemetry.exporting.call_event import DATED_BY_CALL_MAX
from telemetry.workbook.__main__ import files
from telemetry.workbook.alerts import COVERED_CALLS_MIN, RULES
from telemetry.workbook.pages import parts, workbook
from tests.paths import ROOT
from tests.telemetry.queries.call_events import call_event, gateway_items
from tests.telemetry.queries.language import Checked, check_all

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
TITLES = [part.title for part in parts()]
NAMES = [rule.name for rule in RULES]


def in_range(query: str) -> str:
    """As the portal fills the range in."""
    times = {"startISO": "2026-11-20T00:00:00.000Z", "endISO": "2026-11-21T00:00:00.000Z"}
    for name, time in times.items():
        query = query.replace(f"{{range:{name}}}", time)
    assert "{" not in query
    return query


QUERIES = {part.title: in_range(part.query) for part in parts()}
QUERIES |= {rule.name: rule.query for rule in RULES}


@pytest.fixture(scope="module")
def checked() -> dict[str, Checked]:
    return check_all(QUERIES)


@pytest.fixture
def store() -> Store:
    filled = Store()
    priced = call_event("a", time=NOON, pico=1_500_000_000_000, cost_centre="R&D", subscription="s")
    unpriced = call_event("b", time=NOON, pico=None, state="unpriced", user="bob")
    filled.add({"AppEvents": [priced, unpriced], **gateway_items("a", time=NOON)})
    return filled


def rows_of(store: Store, name: str) -> list[dict[str, Any]]:
    [table] = answer(store, QUERIES[name])["tables"]
    names = [column["name"] for column in table["columns"]]
    return [dict(zip(names, row, strict=True)) for row in table["rows"]]


@pytest.mark.parametrize("name", QUERIES)
def test_each_query_passes_the_parser_and_gives_the_columns_that_it_infers(
    checked: dict[str, Checked], name: str
) -> None:
    assert checked[name].errors == []
    [table] = answer(Store(), QUERIES[name])["tables"]
    given = [(column["name"], column["type"]) for column in table["columns"]]
    assert given == checked[name].columns


def test_the_charts_show_what_the_ledger_charged(store: Store) -> None:
    assert rows_of(store, "Charge by day and model") == [
        {"Day": "2026-11-20T00:00:00Z", "Model": "gpt-5-mini", "Charge": 1.5}
    ]
    users = rows_of(store, "Users by charge")
    assert [(row["UserId"], row["Charge"]) for row in users] == [("ann", 1.5), ("bob", None)]
    assert rows_of(store, "Cost centres by charge")[0]["CostCentre"] == "R&D"
    assert rows_of(store, "Subscriptions by charge")[0]["Subscription"] == "s"
    states = rows_of(store, TITLES[5])
    assert {row["State"]: row["Calls"] for row in states} == {"priced": 1, "unpriced": 1}
    [hour] = rows_of(store, TITLES[6])
    assert (hour["Calls"], hour["GatewayMedian"], hour["ModelMedian"]) == (1, 874.0, 812.0)


def test_the_latency_of_a_model_is_that_of_the_call_whatever_else_its_operation_holds() -> None:
    """A client names the operation: an agent's calls are all in one."""
    store = Store()
    for entry, ms in (("a", 100.0), ("b", 9_000.0)):
        items = gateway_items(entry, time=NOON, operation="one")
        items["AppDependencies"][0]["DurationMs"] = ms
        store.add(items)
    [hour] = rows_of(store, TITLES[6])
    assert (hour["Calls"], hour["ModelMedian"], hour["Model95"]) == (2, 100.0, 9_000.0)


def test_the_files_for_bicep_are_those_that_the_code_makes() -> None:
    """`python -m telemetry.workbook` writes them."""
    for name, text in files().items():
        assert (ROOT / "bicep" / name).read_text(encoding="utf-8") == text, name


def test_the_workbook_has_each_part_and_every_id_once() -> None:
    items = workbook()["items"]
    assert [item["name"] for item in items] == ["introduction", "range", *TITLES]
    assert len({item["name"] for item in items}) == len(items)
    json.dumps(workbook())


def test_an_alert_is_a_row(store: Store) -> None:
    assert rows_of(store, "unpriced") == [{"Model": "gpt-5-mini", "Calls": 1}]
    for name in ("publisher-behind", "publisher-refused", "telemetry-sampled"):
        assert rows_of(store, name) == []
    store.add(
        {
            "AppMetrics": [
                _metric("chargeback.publisher.behind_seconds", 7_200),
                _metric("chargeback.publisher.refused", 1),
            ],
            "AppEvents": [call_event("c", time=NOON, item_count=4)],
        }
    )
    assert rows_of(store, "publisher-behind") == [{"Behind": 7_200.0}]
    assert rows_of(store, "publisher-refused") == [{"Rows": 1.0}]
    assert len(rows_of(store, "telemetry-sampled")) == 1


def test_a_call_that_comes_late_or_is_priced_since_is_no_silent_and_no_false_alarm() -> None:
    """An event has its call's time, and a stream's comes after the gateway's log."""
    [rule] = [rule for rule in RULES if rule.name == "unpriced"]
    assert (DATED_BY_CALL_MAX, rule.window) == (timedelta(hours=47), "P2D")
    store = Store()
    store.add({"AppEvents": [call_event("a", time=NOON, pico=None, state="unpriced")]})
    assert rows_of(store, "unpriced") == [{"Model": "gpt-5-mini", "Calls": 1}]
    store.add({"AppEvents": [call_event("a", time=NOON, revision=1, correction="rerating")]})
    assert rows_of(store, "unpriced") == []


def test_a_silent_publisher_is_an_alert_and_one_that_is_behind_is_not_silent() -> None:
    store = Store()
    assert rows_of(store, "publisher-silent") == [{"Points": 0}]
    assert rows_of(store, "publisher-behind") == []
    store.add({"AppMetrics": [_metric("chargeback.publisher.behind_seconds", 0)]})
    assert rows_of(store, "publisher-silent") == []


def test_a_silent_token_metric_is_an_alert_once_there_are_enough_calls() -> None:
    store = Store()
    times = [NOON + timedelta(seconds=second) for second in range(COVERED_CALLS_MIN)]
    few = [call_event(f"{time:%S}", time=time) for time in times[1:]]
    store.add({"AppEvents": few})
    assert rows_of(store, "token-metric-silent") == []
    store.add({"AppEvents": [call_event("last", time=NOON)]})
    assert rows_of(store, "token-metric-silent") == [{"Calls": COVERED_CALLS_MIN, "Points": 0}]
    store.add({"AppMetrics": [_metric("Total Tokens", 5)]})
    assert rows_of(store, "token-metric-silent") == []


def _metric(name: str, value: float) -> dict[str, object]:
    return {
        "TimeGenerated": NOON, "Name": name, "Sum": value, "Min": value, "Max": value,
        "ItemCount": 1, "Properties": "{}",
    }  # fmt: skip
