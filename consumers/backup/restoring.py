"""The way back: a backup written into an account that holds nothing else.

A restore that was ended half-way is repeated: what it has written is compared with the backup, and
the rest is written. So every step may be the last one of a process. What the backup does not have,
or has otherwise, is somebody else's: then nothing is written.
"""

import hashlib
import json
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote

from consumers.backup.folder import (
    BackupRefused,
    Containers,
    Row,
    Tables,
    check,
    files_of,
    folder_of,
)
from table_api.storage.blobs import BlobStore

ROWS_MAX = 100
BYTES_MAX = 3_000_000
"""Of one transaction: the service takes 100 rows and 4 MiB."""
OCTETS = "application/octet-stream"
Key = tuple[str, str]
"""PartitionKey and RowKey."""


async def restore(tables: Tables, containers: Containers, folder: Path) -> dict[str, int]:
    """Write what the account does not have yet; rows and blobs written now, by name."""
    check(folder)
    files = {path.stem: path for path in sorted((folder / "tables").glob("*.jsonl"))}
    there = {name: await _rows_there(tables, name, files) for name in await tables.names()}
    blobs_there = {
        name: await _blobs_there(name, blobs, folder_of(folder, name))
        for name, blobs in containers.items()
    }
    written = {}
    for name, file in files.items():
        await tables.create(name)
        written[f"table {name}"] = await _load(tables, file, there.get(name, frozenset()))
    for name, blobs in containers.items():
        left = [
            each
            for each in files_of(folder_of(folder, name))
            if unquote(each.name) not in blobs_there[name]
        ]
        for each in left:
            await blobs.create(unquote(each.name), each.read_bytes(), content_type=OCTETS)
        written[f"container {name}"] = len(left)
    return written


async def _rows_there(tables: Tables, name: str, files: dict[str, Path]) -> frozenset[Key]:
    """Keys of the rows that an earlier restore wrote. BackupRefused for a row of anybody else."""
    found = {_key(row): _digest(row) async for row in tables.rows(name)}
    left = dict(found)
    for row in _rows_of(files[name]) if found and name in files else ():
        if _key(row) in left and left.pop(_key(row)) != _digest(row):
            raise BackupRefused(f"table {name} has a row that differs from the backup: {_key(row)}")
    if left:
        raise BackupRefused(f"table {name} has rows that the backup lacks, such as {min(left)}")
    return frozenset(found)


async def _blobs_there(container: str, blobs: BlobStore, folder: Path) -> frozenset[str]:
    await blobs.create_container()
    files = {unquote(each.name): each for each in files_of(folder)}
    found = set()
    async for name in blobs.names(""):
        if name not in files:
            raise BackupRefused(f"container {container} has blobs that the backup lacks: {name!r}")
        if await blobs.read(name) != files[name].read_bytes():
            raise BackupRefused(f"container {container}: {name!r} differs from the backup")
        found.add(name)
    return frozenset(found)


async def _load(tables: Tables, file: Path, there: frozenset[Key]) -> int:
    count = 0
    rows = (row for row in _rows_of(file) if _key(row) not in there)
    for _, of_partition in groupby(rows, key=lambda row: row["PartitionKey"]):
        for batch in _batches(of_partition):
            await tables.insert(file.stem, batch)
            count += len(batch)
    return count


def _rows_of(file: Path) -> Iterator[Row]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _key(row: Row) -> Key:
    return row["PartitionKey"], row["RowKey"]


def _digest(row: Row) -> bytes:
    """Of all columns, in whatever order the service gives them."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    batch: list[Row] = []
    size = 0
    for row in rows:
        length = len(json.dumps(row))
        if batch and (len(batch) == ROWS_MAX or size + length > BYTES_MAX):
            yield batch
            batch, size = [], 0
        batch.append(row)
        size += length
    if batch:
        yield batch
