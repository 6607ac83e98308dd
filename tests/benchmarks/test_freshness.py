"""What the benchmark of freshness takes from the UI without importing it."""

from benchmarks.freshness.__main__ import PAGE_PAUSE_S
from ui.api.connection import REFRESH_S


def test_a_page_asks_as_often_as_the_benchmark_says() -> None:
    assert PAGE_PAUSE_S == REFRESH_S
