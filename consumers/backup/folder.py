"""A backup as a folder: a file of rows for each table, a folder of files for each container.

`backup.json` is written last, with the number and the SHA-256 of each table's rows and of all
blobs of each container. A folder without it is not complete, and restoring refuses it.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from table_api.errors import TableApiError
from table_api.ledger.keys import LEDGER_TABLE
from table_api.storage.blobs import BlobStore

Row = dict[str, Any]
_PROGRESS = "progress"


class BackupRefused(TableApiError):
    """The folder or the account is not fit for it; the message says why. Nothing was changed."""


class Tables(Protocol):
    """The tables of an account, with the types of their columns."""

    async def names(self) -> list[str]:
        """Every table."""

    def rows(self, table: str) -> AsyncIterator[Row]:
        """Every row, in the order of its keys."""

    def cells(self) -> AsyncIterator[Row]:
        """Keys and `rev` of each cell of table `ledger`, in the order of the keys."""

    async def create(self, table: str) -> None:
        """Make a table that is not there."""

    async def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Rows of one partition, all or none; none of them may be there."""


Containers = Mapping[str, BlobStore]


async def back_up(
    tables: Tables, containers: Containers, folder: Path, *, now: datetime
) -> dict[str, int]:
    """Copy everything into a new or empty folder; rows and blobs by name.

    BackupRefused when events were metered meanwhile, or the ledger was changed in another way, as
    a replay, a redrive or a re-rating does: such a copy might not add up.
    """
    _begin(folder)
    names = await tables.names()
    before = await _progress(tables, names)
    cells_before = await _revisions(tables, names)
    for name in containers:
        folder_of(folder, name).mkdir(parents=True)
    copied = {f"table {name}": await _save(tables, name, folder) for name in names}
    for name, blobs in containers.items():
        copied[f"container {name}"] = await _save_blobs(blobs, folder_of(folder, name))
    if await _progress(tables, names) != before:
        raise BackupRefused("events were metered meanwhile: stop metering and pairing, and repeat")
    if await _revisions(tables, names) != cells_before:
        raise BackupRefused(
            "the ledger was changed meanwhile: let replays, redrives and re-ratings end, and repeat"
        )
    manifest = {"made_at": now.isoformat(), "files": _digests(folder)}
    (folder / "backup.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return copied


def folder_of(folder: Path, container: str) -> Path:
    """Where the blobs of a container are."""
    return folder / "containers" / container


def files_of(folder: Path) -> list[Path]:
    """Its files by name; none where it is not there."""
    return sorted(folder.iterdir()) if folder.exists() else []


def _begin(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise BackupRefused(f"{folder} is not empty")
    (folder / "tables").mkdir(parents=True)


async def _progress(tables: Tables, names: list[str]) -> list[Row]:
    """What metering has counted: it changes with every batch."""
    return [row async for row in tables.rows(_PROGRESS)] if _PROGRESS in names else []


async def _revisions(tables: Tables, names: list[str]) -> bytes:
    """Of the ledger's cells: each transaction that counts a call raises one."""
    digest = hashlib.sha256()
    if LEDGER_TABLE in names:
        async for row in tables.cells():
            digest.update(json.dumps(row, sort_keys=True).encode())
    return digest.digest()


async def _save(tables: Tables, name: str, folder: Path) -> int:
    count = 0
    with (folder / "tables" / f"{name}.jsonl").open("w", encoding="utf-8") as file:
        async for row in tables.rows(name):
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


async def _save_blobs(blobs: BlobStore, folder: Path) -> int:
    await blobs.create_container()
    names = [name async for name in blobs.names("")]
    for name in names:
        content = await blobs.read(name)
        if content is None:
            raise BackupRefused(f"{name} was deleted meanwhile: repeat")
        (folder / quote(name, safe="")).write_bytes(content)
    return len(names)


def _digests(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the manifest."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path != folder / "backup.json"
    }


def check(folder: Path) -> None:
    """BackupRefused unless every file is the one that the backup wrote."""
    manifest = folder / "backup.json"
    if not manifest.is_file():
        raise BackupRefused(f"{folder} has no backup.json: it is no complete backup")
    try:
        wanted = dict(json.loads(manifest.read_text(encoding="utf-8"))["files"])
    except (ValueError, LookupError, TypeError) as error:
        raise BackupRefused(f"{manifest} is not what the backup wrote: {error}") from error
    found = _digests(folder)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise BackupRefused(f"{folder / name} is not what the backup wrote")
