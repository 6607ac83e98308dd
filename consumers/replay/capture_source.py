"""Capture files as a source: files of one partition in their order, the file is the position."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from itertools import islice

from consumers.errors import ReplayRefused
from consumers.receiving.handler import Received
from consumers.replay.capture_file import read_capture
from consumers.replay.capture_files import CaptureFiles
from consumers.replay.source import BATCH_EVENTS_MAX, Batch, Named, Period

PATH_PARTS_MIN = 8
"""…/{hub}/{partition}/{yyyy}/{MM}/{dd}/{HH}/{mm}/{ss}.avro: the service's default."""


class CaptureSource:
    """See Source."""

    def __init__(self, files: CaptureFiles, hub: str, period: Period) -> None:
        self.hub = hub
        self._files = files
        self._period = period
        self._sizes: dict[str, dict[str, int]] = {}

    async def partitions(self) -> list[str]:
        """See Source. Files of another hub are left out; ReplayRefused when no file is left."""
        by_partition: dict[str, dict[str, int]] = defaultdict(dict)
        names = await self._files.names()
        for name, size in names.items():
            hub, partition = _place(name)
            if hub.lower() == self.hub.lower():
                by_partition[partition][name] = size
        if not by_partition:
            others = sorted({_place(name)[0] for name in names})
            raise ReplayRefused(f"there are files of the hubs {others}, none of {self.hub}")
        self._sizes = dict(by_partition)
        return sorted(by_partition, key=lambda each: (len(each), each))

    def size(self, partition: str) -> int:
        """Bytes."""
        return sum(self._sizes[partition].values())

    async def batches(
        self, partition: str, after: str | None, named: Named
    ) -> AsyncIterator[Batch]:
        """See Source. A position is the name of the last file that was read to its end."""
        done = after or ""
        for name, size in sorted(self._sizes[partition].items()):
            if name <= done:
                yield Batch((), name, size)
                continue

            def damaged(what: str, name: str = name) -> None:
                named(f"{name} {what}")

            content = await self._files.read(name)
            if content is None:
                damaged("cannot be read: it is gone, or this process may not read it")
                events: Iterator[Received] = iter(())
            else:
                events = (
                    event
                    for event in read_capture(content, damaged)
                    if event.enqueued_time in self._period
                )
            while batch := await asyncio.to_thread(_next, events):
                yield Batch(batch, done, 0)
            done = name
            yield Batch((), done, size)


def _next(events: Iterator[Received]) -> list[Received]:
    return list(islice(events, BATCH_EVENTS_MAX))


def _place(name: str) -> tuple[str, str]:
    """Hub and partition of a file. ReplayRefused when the name does not say them."""
    parts = name.replace("\\", "/").split("/")
    if len(parts) < PATH_PARTS_MIN or not all(part.isdigit() for part in parts[-7:-1]):
        raise ReplayRefused(
            f"{name} does not end in HUB/PARTITION/yyyy/MM/dd/HH/mm/ss.avro, as Capture names it"
        )
    return parts[-8], parts[-7]
