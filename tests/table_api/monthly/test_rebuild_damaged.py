"""`ledger rebuild` with damaged rows: they are named, and keep no other row from being right."""

from collections.abc import Mapping

import pytest

from table_api.audit.ledger_audit import audit
from table_api.errors import Altered
from table_api.ledger.meta import META_TABLE, read_ledger_meta
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.rebuild import rebuild_monthly
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Delete, Insert, Replace, Row, TableStorage, etag_of
from tests.fixtures.builders import call_id
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.fixtures.damage import damage, mend, rows_of

PEOPLE = ("ann", "bob", "cat", "dan")


async def written(storage: TableStorage) -> Mapping[str, Row]:
    """A ledger of four people, whose projection is gone."""
    ledger = await open_ledger(storage)
    calls = [make_call(n, id=call_id(n), subject=who) for n, who in enumerate(PEOPLE)]
    await ledger.post(calls)
    rows = await rows_of(storage, MONTHLY_TABLE, "")
    for row in rows:
        place = str(row["PartitionKey"]), str(row["RowKey"])
        await storage.transact(MONTHLY_TABLE, place[0], [Delete(place[1])])
    return {str(row["RowKey"]): without_stamp(row) for row in rows}


async def monthly(storage: TableStorage) -> Mapping[str, Row]:
    rows = await rows_of(storage, MONTHLY_TABLE, "")
    return {str(row["RowKey"]): without_stamp(row) for row in rows}


def without_stamp(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "Timestamp"}


async def set_incomplete(storage: TableStorage) -> None:
    """As a ledger of the first release is before it is rebuilt."""
    row = await storage.get(META_TABLE, "ledger", "settings")
    assert row is not None
    columns = {
        name: value
        for name, value in row.items()
        if name not in {"PartitionKey", "RowKey", "Timestamp", "has_monthly"}
    }
    await storage.transact(META_TABLE, "ledger", [Replace("settings", columns, etag_of(row))])


@pytest.mark.parametrize("column", ["charge", "rev"])
async def test_a_damaged_cell_is_named_after_all_others_are_right(
    memory: MemoryTableStorage, column: str
) -> None:
    before = await written(memory)
    await set_incomplete(memory)
    rows = await damage(memory, "ledger", "d|bob|", **{column: "1.5"})
    with pytest.raises(Altered, match=r"ledger \d{6}\|\d\d d\|bob\|"):
        await rebuild_monthly(memory)
    found = await monthly(memory)
    assert found == {key: row for key, row in before.items() if not key.startswith("bob|")}
    assert not (await read_ledger_meta(memory)).has_monthly, "bob's row is missing in it"
    await mend(memory, "ledger", rows, column)
    assert (await rebuild_monthly(memory)).written == 1
    assert await monthly(memory) == before
    assert (await read_ledger_meta(memory)).has_monthly


async def test_a_row_with_a_damaged_cell_stays_as_it_is(memory: MemoryTableStorage) -> None:
    """Its sums may be the last that anybody knows."""
    before = await written(memory)
    await rebuild_monthly(memory)
    await damage(memory, "ledger", "d|bob|", charge="x")
    with pytest.raises(Altered, match="bob"):
        await rebuild_monthly(memory)
    assert await monthly(memory) == before


async def test_a_row_that_nobody_wrote_is_emptied_and_keeps_no_other_from_being_right(
    memory: MemoryTableStorage,
) -> None:
    before = await written(memory)
    month = next(str(row["PartitionKey"]) for row in before.values())
    await memory.transact(MONTHLY_TABLE, month, [Insert("eve|m", {"total": "1,5"})])
    assert (await rebuild_monthly(memory)).written == len(PEOPLE) + 1
    found = dict(await monthly(memory))
    stray = found.pop("eve|m")
    assert (stray["subject"], stray["model"], stray["total"]) == ("eve", "m", "")
    assert found == before
    assert (await audit(memory, now=NOW)).ok


async def test_rows_that_are_too_long_together_are_written_in_parts(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await written(memory)
    monkeypatch.setattr("table_api.storage.transaction.BODY_BYTES_MAX", 1_500)
    assert (await rebuild_monthly(memory)).written == len(PEOPLE)
    assert await monthly(memory) == before


async def test_a_row_that_is_too_long_by_itself_is_named(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await written(memory)
    monkeypatch.setattr("table_api.storage.transaction.BODY_BYTES_MAX", 100)
    with pytest.raises(Altered, match=r"monthly \d{6} ann\|.* is refused"):
        await rebuild_monthly(memory)
