"""A row of table `reratings` that somebody has damaged is named, and no run is read as another."""

from datetime import UTC, datetime

import pytest

from table_api.errors import AlteredRow
from table_api.rerating.run import Work
from table_api.rerating.runs_table import ACTIVE_ROW, RERATINGS_TABLE, RUNS_PARTITION, LeftAlone
from table_api.storage.keys import EVERY_ROW
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Merge, Upsert, Value, etag_of
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.reratings import History, dearer_book

AT = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
async def history() -> History:
    made = History.over(MemoryTableStorage())
    ledger = await open_ledger(made.storage)
    await ledger.post([make_call()])
    return made


async def damage(history: History, partition: str, key: str, column: str, value: Value) -> None:
    row = await history.storage.get(RERATINGS_TABLE, partition, key)
    assert row is not None
    change = Merge(key, {column: value}, etag_of(row))
    await history.storage.transact(RERATINGS_TABLE, partition, [change])


@pytest.mark.parametrize(
    ("column", "value"),
    [("state", "odd"), ("before", "1,5"), ("from_day", "yesterday"), ("staged_at", "")],
)
async def test_a_damaged_run_is_named(history: History, column: str, value: str) -> None:
    run = await history.approved(dearer_book(2))
    await damage(history, RUNS_PARTITION, run, column, value)
    said = rf"row reratings runs {run} cannot be read: .*{column}"
    with pytest.raises(AlteredRow, match=said):
        await history.reratings.get(run)
    with pytest.raises(AlteredRow, match=said):
        await history.reratings.all()
    with pytest.raises(AlteredRow, match=said):
        await history.apply(run)


async def test_a_damaged_lease_is_named(history: History) -> None:
    run = await history.approved(dearer_book(2))
    await history.reratings.begin(run, Work.APPLY, owner="a", at=AT)
    await damage(history, RUNS_PARTITION, ACTIVE_ROW, "until", "soon")
    with pytest.raises(AlteredRow, match="row reratings runs active cannot be read"):
        await history.apply(run)


async def test_a_damaged_note_of_a_call_is_named(history: History) -> None:
    run = await history.approved(dearer_book(2))
    await history.reratings.note(run, Work.APPLY, [LeftAlone("202611|01", "c|a", "why")])
    [row] = [each async for page in history.storage.query(
        RERATINGS_TABLE, run, EVERY_ROW) for each in page if "reason" in each]  # fmt: skip
    columns = {name: row[name] for name in ("partition", "entry_key")}
    await history.storage.transact(RERATINGS_TABLE, run, [Upsert(str(row["RowKey"]), columns)])
    with pytest.raises(AlteredRow, match=rf"row reratings {run} apply\|202611"):
        await history.reratings.noted(run, Work.APPLY)
