"""Queries of the alerts pass Microsoft's parser, and those over metrics give a row when somebody
has to wake up."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

from local_stack.insights.query import answer
from local_stack.insights.store import Store
from tests.paths import ROOT
from tests.telemetry.queries.language import check_all

ALERTS = (ROOT / "bicep/modules/alerts.bicep").read_text(encoding="utf-8")
CONSOLE = {"TimeGenerated": "datetime", "ContainerAppName": "string", "Log": "string"}
"""The columns of ContainerAppConsoleLogs that matter here."""
_ALERT = re.compile(r"^    name: '([\w-]+)'$.*?^    query: '(.*?)'$", re.MULTILINE | re.DOTALL)
QUERIES = {name: query.replace("${lagSecondsMax}", "900") for name, query in _ALERT.findall(ALERTS)}
OVER_METRICS = [name for name, query in QUERIES.items() if query.startswith("AppMetrics")]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def metric(
    name: str, value: float, role: str = "llm-chargeback.consumer-run", hub: str = "llm-usage"
) -> dict[str, Any]:
    sums = {"Sum": value, "Min": value, "Max": value, "ItemCount": 1}
    held = json.dumps({"hub": hub, "partition": "0"})
    return {"TimeGenerated": NOON, "Name": name, "AppRoleName": role, "Properties": held, **sums}


def alarms(name: str, *metrics: dict[str, Any]) -> int:
    """How many rows the query of an alert gives; one is enough for a mail."""
    store = Store()
    if metrics:
        store.add({"AppMetrics": list(metrics)})
    [table] = answer(store, QUERIES[name])["tables"]
    return len(table["rows"])


def test_every_query_passes_the_parser() -> None:
    checked = check_all(QUERIES, {"ContainerAppConsoleLogs": CONSOLE})
    assert {name: found.errors for name, found in checked.items()} == {name: [] for name in QUERIES}


@pytest.mark.parametrize(
    ("alert", "quiet", "loud"),
    [
        ("consumer-lag", "lag_seconds=900", "lag_seconds=901"),
        ("dead-letters", "dead_letters=0", "dead_letters=1"),
        ("events-lost", "lost=0", "lost=7"),
    ],
)
def test_an_alert_wakes_somebody_past_its_limit_alone(alert: str, quiet: str, loud: str) -> None:
    for text, expected in ((quiet, 0), (loud, 1)):
        name, _, value = text.partition("=")
        assert alarms(alert, metric(f"chargeback.consumer.{name}", int(value))) == expected


def test_silence_of_one_reader_is_an_alarm() -> None:
    """Metering reads one hub, pairing two. Who owns partitions and cannot read says no lag."""
    readers = [
        metric("chargeback.consumer.lag_seconds", 0, f"llm-chargeback.consumer-{verb}", hub)
        for verb, hub in (("run", "llm-usage"), ("pair", "llm-usage"), ("pair", "apim-diagnostics"))
    ]
    assert alarms("consumer-silent", *readers) == 0
    for silent in range(3):
        others = [each for number, each in enumerate(readers) if number != silent]
        owned = metric("chargeback.consumer.partitions", 4, readers[silent]["AppRoleName"])
        assert alarms("consumer-silent", *others, *others, owned) == 1
    assert alarms("consumer-silent") == 1


def test_the_lag_of_one_hub_does_not_hide_that_of_the_other() -> None:
    pairing = "llm-chargeback.consumer-pair"
    late = metric("chargeback.consumer.lag_seconds", 901, pairing, "apim-diagnostics")
    fresh = metric("chargeback.consumer.lag_seconds", 0, pairing)
    assert alarms("consumer-lag", late, fresh) == 1


def test_every_alert_over_metrics_is_tried() -> None:
    tried = {"consumer-lag", "dead-letters", "events-lost", "consumer-silent"}
    assert set(OVER_METRICS) == tried
