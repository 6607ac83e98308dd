"""Holds a run's stored report to the run's row. Pure.

A run of before `report_sha256` is held to its sums alone. That report, row and pairs are together
what was staged is consumers.rerating.reviewed's question.
"""

import hashlib
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


def _delta(line: dict[str, Any]) -> int:
    """In pico-units. ValueError where a line contradicts itself."""
    delta = parse_pico(line["after"]) - parse_pico(line["before"])
    if delta != parse_pico(line["delta"]):
        raise ValueError(f"delta {line['delta']} of {line['before']} to {line['after']}")
    return delta
