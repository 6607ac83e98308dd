"""Holds a run's stored report to the run's row. Pure.

A run of before `report_sha256` is held to its sums alone. That report, row and pairs are together
what was staged is consumers.rerating.reviewed's question.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from pricing_rules.money import parse_pico
from table_api.errors import Altered
from table_api.rerating.run import Rerating


def read_report(run: Rerating, content: bytes | None) -> dict[str, Any]:
    """The report of a run. Altered where it is gone, is not what was staged, or does not add up."""
    if content is None:
        raise Altered(f"the report of run {run.run} is gone")
    found = hashlib.sha256(content).hexdigest()
    if run.report_sha256 not in (None, found):
        raise Altered(
            f"the report of run {run.run} has sha256 {found}, staged was {run.report_sha256}"
        )
    try:
        report: dict[str, Any] = msgspec.json.decode(content)
        lines = report["lines"]
        said = {
            "run": (run.run, report["run"]),
            "delta": (run.after - run.before, sum(map(_delta, lines))),
            "newly_priced": (run.newly_priced, sum(line["newly_priced"] for line in lines)),
            "newly_unpriced": (run.newly_unpriced, sum(line["newly_unpriced"] for line in lines)),
        }
    except (msgspec.MsgspecError, LookupError, TypeError, AttributeError, ValueError) as error:
        raise Altered(f"the report of run {run.run} cannot be read") from error
    for name, (row, read) in said.items():
        if row != read:
            raise Altered(
                f"the report of run {run.run} has another {name} ({read}) than the run ({row})"
            )
    return report


def shown_amounts(line: Mapping[str, Any]) -> dict[str, Any]:
    """A line or the total of a report for readers: an amount that nobody knows is None, never 0.

    A report sums the calls whose cost is known. Where it is known of no call, there is no sum. A
    report of before the counts of calls without a price says how many got or lost one.
    """
    shown = dict(line)
    for side, changed in (("before", "newly_priced"), ("after", "newly_unpriced")):
        unpriced = shown.setdefault(f"unpriced_{side}", None)
        if 0 < line["calls"] == (line[changed] if unpriced is None else unpriced):
            shown |= {name: None for name in (side, f"billed_{side}") if name in line}
    return shown


def shown_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """A report with `shown_amounts` in its lines and its total."""
    lines = [shown_amounts(line) for line in report["lines"]]
    return {**report, "lines": lines, "total": shown_amounts(report["total"])}


def _delta(line: dict[str, Any]) -> int:
    """In pico-units. ValueError where a line contradicts itself."""
    delta = parse_pico(line["after"]) - parse_pico(line["before"])
    if delta != parse_pico(line["delta"]):
        raise ValueError(f"delta {line['delta']} of {line['before']} to {line['after']}")
    return delta
