"""Processor time of other processes, from /proc. Other work on the machine hardly changes it."""

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


def cpu_s(pid: int) -> float:
    """Seconds that a process and its descendants have used, in steps of a tick (10 ms on Linux)."""
    # The name, in brackets, may hold anything; utime and stime are the 12th and 13th field after.
    fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    own = (int(fields[11]) + int(fields[12])) / _TICKS_PER_S
    return own + sum(map(cpu_s, _children(pid)))


def _children(pid: int) -> list[int]:
    tasks = (_PROC / str(pid) / "task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]
