"""docs/consumer.md knows every verb, setting, action and metric."""

import pytest

from consumers.__main__ import main
from consumers.log_actions import Action
from consumers.settings import options
from consumers.verbs.app import app
from table_api.consumer_state.progress import Count
from telemetry.metrics import CounterName, GaugeName, HistogramName
from tests.fixtures.commands import verbs_of
from tests.paths import ROOT

DOCS = ROOT / "docs"
PAGE = (DOCS / "consumer.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", options(), ids=lambda option: option.variable)
def test_every_setting_is_documented_with_its_default(option: object) -> None:
    variable, default = getattr(option, "variable", ""), getattr(option, "default", "")
    assert f"| `{variable}` | {default or '—'} |" in PAGE


@pytest.mark.parametrize("action", Action)
def test_every_log_action_is_documented(action: Action) -> None:
    assert f"`{action.value}`" in PAGE


@pytest.mark.parametrize("name", [*CounterName, *GaugeName, *HistogramName])
def test_every_metric_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("count", Count)
def test_every_count_is_documented(count: Count) -> None:
    assert f"`{count.value}`" in PAGE


def test_every_verb_is_documented() -> None:
    verbs = verbs_of(app)
    assert "dead-letters redrive" in verbs
    missing = [verb for verb in verbs if f"`{verb}" not in PAGE]
    assert [verb for verb in missing if f"`{verb.split()[-1]}`" not in PAGE] == []


@pytest.mark.parametrize("verb", [verb for verb in verbs_of(app) if verb != "rate"])
def test_the_help_of_a_verb_names_the_twin_of_each_setting(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*verb.split(), "--help"]) == 0
    shown = "".join(capsys.readouterr().out.split())
    assert [option.flag for option in options() if f"[{option.variable}" not in shown] == []
