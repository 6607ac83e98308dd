"""The bar of a replay on stderr: events, events a second, time left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ReplayBar:
    """Moves by what was read of the source's size, and says the events."""

    def __init__(self, progress: Progress, total: int) -> None:
        self._progress = progress
        self._task = progress.add_task("replay", total=total, events=0, rate=0)
        self._started = time.monotonic()

    def advance(self, read: int, events: int) -> None:
        """`read` more of the size; `events` in all."""
        elapsed_s = max(time.monotonic() - self._started, 0.001)
        rate = round(events / elapsed_s)
        self._progress.update(self._task, advance=read, events=events, rate=rate)


@contextmanager
def replay_bar(total: int) -> Iterator[ReplayBar]:
    """Shown for the time of the block."""
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:.0f} % {task.fields[events]} events, {task.fields[rate]}/s"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield ReplayBar(progress, total)
