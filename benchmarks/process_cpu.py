"""Processor time of other processes, from /proc. Other work on the machine hardly changes it."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def cpu_s(pid: int) -> float:
    """Seconds that a process and its descendants have used, in steps of a tick (10 ms on Linux)."""
    # The name, in brackets, may hold anything; utime and stime are the 12th and 13th field after.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    for child in children(pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it has ended since
            own += cpu_s(child)
    return own


def children(pid: int) -> list[int]:
    """The processes that it started and that run."""
    found: list[int] = []
    for task in (_PROC / str(pid) / "task").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended since
            found += map(int, (task / "children").read_text().split())
    return found
