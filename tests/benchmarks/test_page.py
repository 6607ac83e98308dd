"""The page of figures says what was measured, and how long that took."""

from datetime import UTC, datetime

from benchmarks.__main__ import BENCHMARKS, durations, page
from benchmarks.result import at_most

AT = datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_the_durations_are_of_all_and_of_each() -> None:
    said = durations({"metering": 118.4, "metering.latency": 61.8})
    assert said == "All of it took 3 min 0 s. In seconds: metering 118, metering.latency 62."


def test_the_page_has_each_figure_and_the_seconds_of_each_benchmark() -> None:
    found = {name: [at_most(f"what {name} costs", 3.0, 2.0, 1.0)] for name, _ in BENCHMARKS}
    shown = page(found, AT, {name: 10.0 for name, _ in BENCHMARKS})
    for name, _ in BENCHMARKS:
        assert f"## `python -m benchmarks.{name}`" in shown
        assert f"| what {name} costs | 3 |  | 2 | 1.50 | ≤ 1 | missed |" in shown
        assert f"{name} 10" in shown.replace("\n", " ")
