"""One measured number with its reference and its goal; table, JSON and page show it."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One figure of a benchmark."""

    name: str
    """What was measured, its unit and its reference."""
    ours: float
    reference: float
    ratio: float
    """The figure that the goal is about."""
    goal: str
    """`≤ 2.0`, `≥ 25`, or empty if the figure is for information only."""
    holds: bool | None
    """None without a goal."""
    spread: str = ""
    """Lowest and highest of what was measured more than once, as `90–110`; of ours."""


def at_most(name: str, ours: float, reference: float, goal: float) -> Result:
    """ours ÷ reference has to stay below a goal: costs."""
    return replace(
        beside(name, ours, reference), goal=f"≤ {goal:g}", holds=ours / reference <= goal
    )


def at_least(name: str, ours: float, reference: float, goal: float) -> Result:
    """ours ÷ reference has to reach a goal: rates."""
    return replace(
        beside(name, ours, reference), goal=f"≥ {goal:g}", holds=ours / reference >= goal
    )


def beside(name: str, ours: float, reference: float) -> Result:
    """A ratio without a goal."""
    return Result(
        name=name, ours=ours, reference=reference, ratio=ours / reference, goal="", holds=None
    )


def spread(result: Result, measured: Sequence[float]) -> Result:
    """The result with the lowest and highest of its repeated measurements."""
    return replace(result, spread=f"{min(measured):,.4g}–{max(measured):,.4g}")


def verdict(result: Result) -> str:
    """`reached`, `missed`, or nothing without a goal."""
    if result.holds is None:
        return ""
    return "reached" if result.holds else "missed"


def add_results_argument(parser: argparse.ArgumentParser) -> None:
    """Add the option with which `python -m benchmarks` collects the results of each benchmark."""
    parser.add_argument("--results", type=Path, help="also write the results as JSON, to this file")


def report(results: Sequence[Result], file: Path | None) -> None:
    """Print the results; write them to the file if one is given."""
    table = Table(
        "measured", "ours", "lowest–highest", "reference", "ratio", "goal", "", title="results"
    )
    for each in results:
        figures = (
            f"{each.ours:,.4g}", each.spread, f"{each.reference:,.4g}", f"{each.ratio:.2f}",
        )  # fmt: skip
        table.add_row(each.name, *figures, each.goal, verdict(each))
    Console().print(table)
    if file is not None:
        file.write_text(json.dumps([asdict(each) for each in results], indent=2) + "\n")
