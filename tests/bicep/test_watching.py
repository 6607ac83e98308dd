"""Alerts ask for names that the programs write, and lead to pages that exist. Those over telemetry
are tested with its queries."""

import json
import re

import pytest

from consumers.log_actions import Action
from telemetry.metrics import CounterName, GaugeName, HistogramName
from tests.paths import ROOT

ALERTS = (ROOT / "bicep/modules/alerts.bicep").read_text(encoding="utf-8")
METRICS = {each.value for each in (*CounterName, *GaugeName, *HistogramName)}
OF_THE_CLOSE = {"invoice_close_refused"}
PLACES = {"runbook": "docs/operations.md"}


def queries() -> list[str]:
    return re.findall(r"^    query: '(.*)'$", ALERTS, re.MULTILINE)


def anchors(page: str) -> set[str]:
    """As GitHub makes them of headings."""
    text = (ROOT / page).read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}


def test_each_metric_that_is_asked_for_is_one_of_ours() -> None:
    named = {name for query in queries() for name in re.findall(r'Name == "([\w.]+)"', query)}
    assert "chargeback.consumer.lag_seconds" in named
    assert named <= METRICS


def test_each_log_line_that_is_asked_for_is_one_of_ours() -> None:
    named = {name for query in queries() for name in re.findall(r'action == "(\w+)"', query)}
    assert {"watch_found", "watch_done"} <= named
    assert named <= {each.value for each in Action} | OF_THE_CLOSE
    closing = ROOT / "table_api/invoicing/closing/scheduled.py"
    assert all(f'"{name}"' in closing.read_text(encoding="utf-8") for name in OF_THE_CLOSE)


def test_the_alerts_over_telemetry_have_what_each_alert_needs() -> None:
    own = set(re.findall(r"\beach\.(\w+)", ALERTS))
    others = json.loads((ROOT / "bicep/telemetry_alerts.json").read_text(encoding="utf-8"))
    assert others
    assert {frozenset(each) for each in others} == {frozenset(own)}
    names = [each["name"] for each in others] + re.findall(r"^    name: '(.*)'$", ALERTS, re.M)
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("page", re.findall(r"^    page: '(.*)'$", ALERTS, re.MULTILINE))
def test_each_alert_leads_to_a_page(page: str) -> None:
    for name, place in PLACES.items():
        page = page.replace(f"${{{name}}}", place)
    file, _, anchor = page.partition("#")
    assert (ROOT / file).exists()
    assert not anchor or anchor in anchors(file)


def test_lag_letters_gaps_audit_and_old_prices_wake_somebody() -> None:
    names = set(re.findall(r"^    name: '([\w-]+)'$", ALERTS, re.MULTILINE))
    assert {"consumer-lag", "dead-letters", "completeness", "audit-red", "price-age"} <= names


def test_a_run_that_took_longer_than_the_one_before_is_no_silence() -> None:
    """From the end of a short run to that of a long one on the next day, till its line comes."""
    main = (ROOT / "bicep/main.bicep").read_text(encoding="utf-8")
    job = main.partition("module audit ")[2].partition("\n}\n")[0]
    assert re.search(r"schedule: '\d+ \d+ \* \* \*'", job)
    [timeout_s] = re.findall(r"timeoutS: (\d+)", job)
    alert = ALERTS.partition("name: 'watch-silent'")[2].partition("\n  }\n")[0]
    [hours] = re.findall(r"TimeGenerated > ago\((\d+)h\)", alert)
    assert 24 + int(timeout_s) / 3600 + 1 <= int(hours) <= 48
    assert "window: 'P2D'" in alert


def test_each_alert_is_explained() -> None:
    names = re.findall(r"^    name: '([\w-]+)'$", ALERTS, re.MULTILINE)
    page = (ROOT / "bicep/README.md").read_text(encoding="utf-8")
    explained = page.partition("## Alerts\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([\w-]+)` \|", explained, re.MULTILINE) == names
