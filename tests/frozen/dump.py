"""A frozen ledger on disk: tables and events as JSON lines, blobs as they were, in one archive."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.table_storage import OPERATIONS_MAX, Insert, TableStorage
from tests.paths import ROOT

FIRST_WAVE = ROOT / "tests/frozen/first_wave"


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a hub took it."""

    hub: str
    partition: str
    sequence_number: int
    """-1 for an event that comes later: the hub numbers it then."""
    enqueued_time: datetime
    body: bytes


@cache
def _files(folder: Path) -> dict[str, bytes]:
    with ZipFile(folder / "ledger.zip") as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def load_tables(storage: TableStorage, folder: Path = FIRST_WAVE) -> None:
    """Write every row into a storage that has none."""
    for name, content in _files(folder).items():
        if not name.startswith("tables/"):
            continue
        table = name.removeprefix("tables/").removesuffix(".jsonl")
        await storage.create_table(table)
        by_partition: dict[str, list[Insert]] = defaultdict(list)
        for line in content.splitlines():
            row = json.loads(line)
            by_partition[row["partition"]].append(Insert(row["row"], row["columns"]))
        for partition, rows in by_partition.items():
            for start in range(0, len(rows), OPERATIONS_MAX):
                await storage.transact(table, partition, rows[start : start + OPERATIONS_MAX])


def load_blobs(folder: Path = FIRST_WAVE) -> dict[str, MemoryBlobStore]:
    """A store for each container."""
    stores: dict[str, MemoryBlobStore] = defaultdict(MemoryBlobStore)
    for name, content in _files(folder).items():
        if name.startswith("blobs/"):
            _, container, blob = name.split("/", 2)
            stores[container].blobs[blob] = content
    return stores


def events(name: str, folder: Path = FIRST_WAVE) -> Iterator[Event]:
    """`before` the ledger was frozen, or `later`."""
    for line in _files(folder)[f"events/{name}.jsonl"].splitlines():
        event = json.loads(line)
        yield Event(
            hub=event["hub"],
            partition=event["partition"],
            sequence_number=event["sequence_number"],
            enqueued_time=datetime.fromisoformat(event["enqueued_time"]),
            body=event["body"].encode("utf-8", "surrogateescape"),
        )


def answers(moment: str, folder: Path = FIRST_WAVE) -> dict[str, Any]:
    """What the API of that release answered, by path: `frozen`, or `later`."""
    found: dict[str, Any] = json.loads(_files(folder)[f"answers/{moment}.json"])
    return found


@cache
def expected(folder: Path = FIRST_WAVE) -> dict[str, Any]:
    """The numbers that the code of that release came to."""
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return found
