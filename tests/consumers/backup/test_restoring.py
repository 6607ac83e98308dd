"""A restore that is ended after any of its steps is repeated, and ends with what was backed up."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from consumers.backup.azure_copies import AzureTableCopies
from consumers.backup.folder import BackupRefused, Row, back_up
from consumers.backup.restoring import restore
from local_stack.demo import azurite as azurite_process
from table_api.errors import Rejected
from table_api.storage.blobs import BlobStore
from table_api.storage.memory_blobs import MemoryBlobStore
from tests.fixtures.builders import ENQUEUED_TIME

TABLES: dict[str, list[Row]] = {
    "ledger": [
        {"PartitionKey": key, "RowKey": f"{number:04}", "amount": {"int64": str(number)}}
        for key in ("202611|00", "202611|01é")
        for number in range(150)
    ],
    "meta": [{"PartitionKey": "ledger", "RowKey": "settings", "schema": "2", "closed": False}],
    "monthly": [],
}
BLOBS = {"2026/11/INV-1.pdf": b"one", "2026/11/INV-2.pdf": b"two"}
STEPS = 3 + 2 * 2 + 1 + len(BLOBS)
"""Tables, transactions of at most 100 rows, and blobs."""


class Ended(Exception):
    """The process ended here."""


class Ending:
    """The tables of an account, for a process that ends after so many writes."""

    def __init__(self, tables: AzureTableCopies, writes: int) -> None:
        self._tables, self.writes = tables, writes

    async def names(self) -> list[str]:
        return await self._tables.names()

    def rows(self, table: str) -> AsyncIterator[Row]:
        return self._tables.rows(table)

    def cells(self) -> AsyncIterator[Row]:
        return self._tables.cells()

    async def create(self, table: str) -> None:
        known = table in await self._tables.names()
        await self._tables.create(table)
        if not known:
            self.wrote()

    async def insert(self, table: str, rows: Sequence[Row]) -> None:
        await self._tables.insert(table, rows)
        self.wrote()

    def wrote(self) -> None:
        self.writes -= 1
        if self.writes == 0:
            raise Ended


class EndingBlobs(MemoryBlobStore):
    """A container that counts its writes with those of the tables."""

    ends: Ending | None = None

    async def create(self, name: str, content: bytes, *, content_type: str) -> None:
        await super().create(name, content, content_type=content_type)
        if self.ends is not None:
            self.ends.wrote()


@pytest.fixture(scope="module")
def account() -> Iterator[azurite_process.AzuritePorts]:
    with azurite_process.running() as ports:
        yield ports


@asynccontextmanager
async def opened(account: azurite_process.AzuritePorts) -> AsyncIterator[AzureTableCopies]:
    """The account without a table."""
    tables = AzureTableCopies.from_connection_string(account.connection_string)
    for name in await tables.names():
        await tables._client.delete_table(name)
    yield tables
    await tables.close()


async def made(folder: Path, tables: AzureTableCopies) -> Path:
    """A backup of TABLES and BLOBS; the account is empty again."""
    blobs = MemoryBlobStore()
    for name, content in BLOBS.items():
        await blobs.create(name, content, content_type="application/pdf")
    for table, rows in TABLES.items():
        await tables.create(table)
        for start in range(0, len(rows), 50):
            await tables.insert(table, rows[start : start + 50])
    await back_up(tables, {"invoices": blobs}, folder, now=ENQUEUED_TIME)
    for table in TABLES:
        await tables._client.delete_table(table)
    return folder


async def content(tables: AzureTableCopies) -> dict[str, list[Row]]:
    return {name: [row async for row in tables.rows(name)] for name in await tables.names()}


async def read(blobs: BlobStore) -> dict[str, bytes | None]:
    return {name: await blobs.read(name) async for name in blobs.names("")}


async def test_it_goes_on_after_an_end_at_each_step(
    account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    """Each run is ended after one write: so a process has ended after every write that there is."""
    async with opened(account) as tables:
        folder = await made(tmp_path / "backup", tables)
        blobs, ended = EndingBlobs(), 0
        while True:
            blobs.ends = ending = Ending(tables, writes=1)
            try:
                written = await restore(ending, {"invoices": blobs}, folder)
            except Ended:
                ended += 1
                continue
            break
        assert ended == STEPS
        assert set(written.values()) == {0}
        assert await content(tables) == TABLES
        assert await read(blobs) == BLOBS


@pytest.mark.parametrize("writes", [2, 4, STEPS - 1])
async def test_what_is_left_is_written_in_one_run(
    writes: int, account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    async with opened(account) as tables:
        folder = await made(tmp_path / "backup", tables)
        blobs = EndingBlobs()
        blobs.ends = Ending(tables, writes)
        with pytest.raises(Ended):
            await restore(blobs.ends, {"invoices": blobs}, folder)
        blobs.ends = None
        await restore(tables, {"invoices": blobs}, folder)
        assert await content(tables) == TABLES
        assert await read(blobs) == BLOBS


async def test_a_row_of_somebody_else_is_refused_before_anything_is_written(
    account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    async with opened(account) as tables:
        folder = await made(tmp_path / "backup", tables)
        await tables.create("ledger")
        theirs = {"PartitionKey": "202611|00", "RowKey": "0007", "amount": {"int64": "8"}}
        await tables.insert("ledger", [theirs])
        with pytest.raises(BackupRefused, match=r"ledger has a row that differs .*0007"):
            await restore(tables, {}, folder)
        await tables._client.delete_table("ledger")
        await tables.create("ledger")
        await tables.insert("ledger", [{**theirs, "RowKey": "9999"}])
        with pytest.raises(BackupRefused, match=r"ledger has rows that the backup lacks.*9999"):
            await restore(tables, {}, folder)
        assert await tables.names() == ["ledger"]


async def test_a_blob_of_somebody_else_is_refused(
    account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    async with opened(account) as tables:
        folder = await made(tmp_path / "backup", tables)
        blobs = MemoryBlobStore()
        await blobs.create("2026/11/INV-1.pdf", b"another", content_type="application/pdf")
        with pytest.raises(BackupRefused, match=r"'2026/11/INV-1.pdf' differs from the backup"):
            await restore(tables, {"invoices": blobs}, folder)
        blobs = MemoryBlobStore()
        await blobs.create("theirs.pdf", b"another", content_type="application/pdf")
        with pytest.raises(BackupRefused, match=r"blobs that the backup lacks: 'theirs.pdf'"):
            await restore(tables, {"invoices": blobs}, folder)
        assert await tables.names() == []


async def test_a_row_twice_in_one_transaction_is_rejected(
    account: azurite_process.AzuritePorts,
) -> None:
    """What another process writes meanwhile is an error, and not overwritten."""
    async with opened(account) as tables:
        await tables.create("meta")
        await tables.insert("meta", TABLES["meta"])
        with pytest.raises(Rejected, match="table meta"):
            await tables.insert("meta", TABLES["meta"])


@pytest.mark.parametrize("manifest", ["", "{", "[]", "{}", '{"files": 5}', '{"files": [1]}'])
async def test_a_manifest_that_was_not_written_to_its_end_is_refused(
    account: azurite_process.AzuritePorts, tmp_path: Path, manifest: str
) -> None:
    async with opened(account) as tables:
        folder = await made(tmp_path / "backup", tables)
        (folder / "backup.json").write_text(manifest)
        with pytest.raises(BackupRefused, match=r"backup\.json is not what the backup wrote"):
            await restore(tables, {}, folder)


async def test_a_column_of_another_type_is_named_with_its_row(
    account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    """As a tool that edits tables writes it."""
    async with opened(account) as tables:
        await tables.create("people")
        edited = {"PartitionKey": "people", "RowKey": "ann|2026-01-01", "valid_from": 20260101}
        await tables._client.get_table_client("people").create_entity(edited)
        with pytest.raises(Rejected, match=r"row people people ann\|2026-01-01: column valid_from"):
            await back_up(tables, {}, tmp_path / "backup", now=ENQUEUED_TIME)
