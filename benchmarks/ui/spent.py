"""What a piece of work costs: the time that people wait, and the CPU of each side."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.process_cpu import cpu_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds."""

    wall: float
    server: float
    """CPU of the process that serves the pages, and of this one, where the API runs."""
    browser: float
    """CPU of the browser, where there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Meter:
    """Whose CPU is counted."""

    server: int | None = None
    """The process that serves the pages; None where this one draws them itself."""
    browser: int | None = None

    def spent(self, work: Callable[[], object]) -> Spent:
        before = self._now()
        work()
        now = self._now()
        return Spent(
            wall=now.wall - before.wall,
            server=now.server - before.server,
            browser=now.browser - before.browser,
        )

    def _now(self) -> Spent:
        return Spent(
            wall=time.perf_counter(),
            server=time.process_time() + (cpu_s(self.server) if self.server else 0),
            browser=cpu_s(self.browser) if self.browser else 0,
        )
