"""Alerts: how often each looks, and how far back."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, literal, member
from bicep.check.language.template import Template

_MINUTES = {
    "PT1M": 1, "PT5M": 5, "PT10M": 10, "PT15M": 15, "PT30M": 30, "PT45M": 45, "PT1H": 60,
    "PT2H": 120, "PT3H": 180, "PT4H": 240, "PT5H": 300, "PT6H": 360, "P1D": 1440, "P2D": 2880,
}  # fmt: skip
"""Spans that a rule over logs may have."""
_WRITTEN = "bicep/telemetry_alerts.json"


def alerts(template: Template) -> Iterator[Finding]:
    """Findings about the alerts that a file lists."""
    for node in every(template.root):
        every_, window = member(node, "every"), member(node, "window")
        if every_ is None or window is None:
            continue
        wrong = _wrong(literal(every_) or "", literal(window) or "")
        if wrong is not None:
            yield template.finding(every_, wrong)


def written_alerts(root: Path) -> Iterator[Finding]:
    """Findings about those that are written with the telemetry's queries."""
    text = (root / _WRITTEN).read_text(encoding="utf-8")
    for each in json.loads(text):
        wrong = _wrong(each["every"], each["window"])
        if wrong is not None:
            at = re.search(rf'"name": "{re.escape(each["name"])}"', text)
            line = text[: at.start()].count("\n") + 1 if at else 1
            yield Finding(_WRITTEN, line, wrong)


def _wrong(often: str, window: str) -> str | None:
    for span in (often, window):
        if span not in _MINUTES:
            return f"'{span}' is no span of an alert: {', '.join(_MINUTES)}"
    if _MINUTES[window] < _MINUTES[often]:
        return f"it looks back {window}, and only each {often}: what is between is never seen"
    return None
