"""What a running process spends its CPU time on, by part of the work: a sampler inside it.

The kernel's timer of CPU time interrupts the process each millisecond. The sample counts for the
innermost frame that belongs to a part. GC and threads of their own are not seen.
"""

import json
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

EVERY_S = 0.001
OUTERMOST = (("table_api/monthly", "`monthly`"),)
"""A part that contains all that it calls."""
PARTS = (
    ("pricing_rules/decoding", "decode and check"),
    ("pricing_rules", "rate"),
    ("table_api/storage/direct", "HTTP"),
    ("table_api/storage", "text of transactions"),
    ("table_api/ledger/entry_columns", "columns of a row"),
    ("table_api/ledger/posting", "keys, digest and sums"),
    ("table_api/ledger/keys", "keys, digest and sums"),
    ("table_api/ledger/billing_calendar", "keys, digest and sums"),
    ("table_api/ledger/cell", "cells"),
    ("table_api/ledger/measures", "cells"),
    ("table_api", "passing calls through the ledger"),
    ("consumers", "buffer, batches and progress"),
    ("azure/", "the SDK: receiving and claiming"),
    ("telemetry", "telemetry"),
)
REST = "event loop and sockets"
NAMES = list(dict.fromkeys([*(name for _, name in (*OUTERMOST, *PARTS)), REST]))


def part_of(files: Sequence[str]) -> str:
    """The part of a stack; its innermost file comes first."""
    for path, name in OUTERMOST:
        if any(f"/{path}" in file for file in files):
            return name
    for file in files:
        for path, name in PARTS:
            if f"/{path}" in file:
                return name
    return REST


class Sampler:
    """Counts the samples of this process by part."""

    def __init__(self) -> None:
        self._found: Counter[str] = Counter()

    def start(self) -> None:
        """Sample from here on."""
        signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)

    def _take(self, _signal: int, frame: FrameType | None) -> None:
        files = []
        while frame is not None:
            files.append(frame.f_code.co_filename)
            frame = frame.f_back
        self._found[part_of(files)] += 1

    def write(self, file: Path) -> None:
        """All that was counted so far, at once."""
        new = file.with_suffix(".new")
        new.write_text(json.dumps(self._found))
        new.rename(file)


def shares(before: Counter[str], after: Counter[str]) -> dict[str, float]:
    """Each part's share of the samples between two looks."""
    found = after - before
    total = sum(found.values())
    if not total:
        sys.exit("no sample was taken: the process did nothing")
    return {name: found[name] / total for name in NAMES}
