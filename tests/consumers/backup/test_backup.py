"""The drill: a backup of yesterday, restored into an empty account and replayed, is today."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from consumers.backup.azure_copies import AzureTableCopies
from consumers.backup.folder import BackupRefused, Row, back_up
from consumers.replay.arguments import ReplayRequest
from consumers.replay.verb import replay
from consumers.settings import Settings
from consumers.verbs.backup import backup, restore
from local_stack.demo import azurite as azurite_process
from table_api.audit.ledger_audit import audit
from table_api.ledger.meta import read_ledger_meta
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.azure_tables import AzureTableStorage
from tests.consumers.conftest import HUB, Stage
from tests.fixtures.builders import ENQUEUED_TIME, call_id
from tests.fixtures.calls import all_rows, make_call

YESTERDAY, TODAY = 30, 20


@pytest.fixture
def other_account() -> Iterator[azurite_process.AzuritePorts]:
    """An account without a table."""
    with azurite_process.running() as ports:
        yield ports


def of_account(stage: Stage, account: azurite_process.AzuritePorts) -> Settings:
    """The stage's settings over another account."""
    environment = {**stage.environment, "STORAGE_CONNECTION_STRING": account.connection_string}
    return replace(stage, environment=environment).settings()


async def metered(stage: Stage, count: int, *, of: int) -> None:
    async with stage.consuming():
        await stage.counts(of)
    assert await stage.entries() == count


async def test_yesterday_restored_and_replayed_is_today(
    stage: Stage,
    other_account: azurite_process.AzuritePorts,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    stage.fill(YESTERDAY)
    await metered(stage, YESTERDAY, of=YESTERDAY)
    assert await backup(stage.settings(), tmp_path / "backup") == 0
    stage.fill(TODAY, first=YESTERDAY, partition="1")
    await metered(stage, YESTERDAY + TODAY, of=YESTERDAY + TODAY)
    today = {table: await all_rows(stage.storage, table) for table in ("ledger", "monthly")}

    settings = of_account(stage, other_account)
    capsys.readouterr()
    assert await restore(settings, tmp_path / "backup", as_json=True) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["table ledger"] == (tmp_path / "backup/tables/ledger.jsonl").read_text().count(
        "\n"
    )
    restored = AzureTableStorage.from_connection_string(other_account.connection_string)
    assert len(await all_rows(restored)) < len(today["ledger"])
    assert (await audit(restored, now=ENQUEUED_TIME)).ok
    stage.broker.capture(HUB, tmp_path / "capture")
    request = ReplayRequest(capture=str(tmp_path / "capture"))
    assert await replay(settings, request) == 0
    found = {table: await all_rows(restored, table) for table in today}
    assert {key: _lasting(row) for key, row in found["ledger"].items()} == {
        key: _lasting(row) for key, row in today["ledger"].items()
    }
    assert found["monthly"].keys() == today["monthly"].keys()
    report = await audit(restored, now=ENQUEUED_TIME)
    assert report.ok, report.render()
    await restored.close()


def _lasting(row: Row) -> Row:
    """Without when it was posted."""
    return {name: value for name, value in row.items() if name != "recorded_at"}


async def test_types_of_columns_come_back(
    stage: Stage, other_account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    stage.fill(2)
    await metered(stage, 2, of=2)
    await backup(stage.settings(), tmp_path / "backup")
    await restore(of_account(stage, other_account), tmp_path / "backup")
    texts = (stage.environment["STORAGE_CONNECTION_STRING"], other_account.connection_string)
    before, after = (_entities(text) for text in texts)
    assert before == after
    assert any("int64" in line.lower() for line in after)


def _entities(connection_string: str) -> list[str]:
    with TableServiceClient.from_connection_string(connection_string) as service:
        return [repr(dict(each)) for each in service.get_table_client("ledger").list_entities()]


async def test_a_damaged_backup_and_an_account_with_rows_are_refused(
    stage: Stage, other_account: azurite_process.AzuritePorts, tmp_path: Path
) -> None:
    stage.fill(2)
    await metered(stage, 2, of=2)
    folder = tmp_path / "backup"
    await backup(stage.settings(), folder)
    with pytest.raises(BackupRefused, match="is not empty"):
        await backup(stage.settings(), folder)
    stage.fill(1, first=2)
    await metered(stage, 3, of=3)
    with pytest.raises(BackupRefused, match=r"(that the backup lacks|differs from the backup)"):
        await restore(stage.settings(), folder)
    rows = folder / "tables/ledger.jsonl"
    rows.write_text(rows.read_text(encoding="utf-8").replace("1", "2", 1), encoding="utf-8")
    settings = of_account(stage, other_account)
    with pytest.raises(BackupRefused, match=r"ledger\.jsonl is not what the backup wrote"):
        await restore(settings, folder)
    (folder / "backup.json").unlink()
    with pytest.raises(BackupRefused, match="no complete backup"):
        await restore(settings, folder)


class MovingTables:
    """An account in which metering goes on: its progress is another at every read."""

    def __init__(self) -> None:
        self._reads = 0

    async def names(self) -> list[str]:
        return ["progress"]

    async def rows(self, table: str) -> AsyncIterator[Row]:
        self._reads += 1
        yield {"PartitionKey": table, "RowKey": "0", "received": {"int64": str(self._reads)}}

    def cells(self) -> AsyncIterator[Row]:
        raise AssertionError("there is no ledger")

    async def create(self, table: str) -> None:
        raise AssertionError(table)

    async def insert(self, table: str, rows: Sequence[Row]) -> None:
        raise AssertionError(table)


async def test_a_backup_while_events_are_metered_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BackupRefused, match="stop metering and pairing"):
        await back_up(MovingTables(), {}, tmp_path / "backup", now=ENQUEUED_TIME)
    assert not (tmp_path / "backup/backup.json").exists()


class ReplayedMeanwhile(AzureTableCopies):
    """A replay posts a call amid the copy of a table: no progress is counted of it."""

    replay: Callable[[], Awaitable[object]]
    amid: str

    async def rows(self, table: str) -> AsyncIterator[Row]:
        async for row in super().rows(table):
            yield row
        if table == self.amid:
            await self.replay()


@pytest.mark.parametrize("amid", ["ledger", "meta"])
async def test_a_backup_while_the_ledger_is_changed_in_another_way_is_refused(
    stage: Stage, tmp_path: Path, amid: str
) -> None:
    stage.fill(2)
    await metered(stage, 2, of=2)
    ledger = await open_ledger_of(stage)
    text = stage.environment["STORAGE_CONNECTION_STRING"]
    tables = ReplayedMeanwhile.from_connection_string(text)
    tables.amid, tables.replay = amid, lambda: ledger.post([make_call(9, id=call_id(9))])
    with pytest.raises(BackupRefused, match="let replays, redrives and re-ratings end"):
        await back_up(tables, {}, tmp_path / "backup", now=ENQUEUED_TIME)
    assert not (tmp_path / "backup/backup.json").exists()
    await back_up(tables, {}, tmp_path / "again", now=ENQUEUED_TIME)  # the call is counted by now
    await tables.close()


async def open_ledger_of(stage: Stage) -> ProjectedLedger:
    """The stage's ledger, as a replay opens it."""
    meta = await read_ledger_meta(stage.storage)
    return await ProjectedLedger.open(stage.storage, meta.settings, now=lambda: ENQUEUED_TIME)
