"""docs/consumer.md knows every verb, setting, action and metric."""

import pytest

from consumers.__main__ import main
from consumers.log_actions import Action
from consumers.settings import options
from table_api.consumer_state.progress import Count
from telemetry.metrics import CounterName, GaugeName, HistogramName
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


def test_every_verb_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    listed = [
        line.split()[0]
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("    ") and not line.startswith("     ")
    ]
    assert listed
    assert [verb for verb in listed if f"| `{verb}" not in PAGE] == []


@pytest.mark.parametrize("verb", ["run", "check", "lag", "audit"])
def test_the_help_of_a_verb_names_the_twin_of_each_flag(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    shown = "".join(capsys.readouterr().out.split())
    assert [option.flag for option in options() if f"[{option.variable}" not in shown] == []
