"""What lists rely on where they ask for rows by a column or by a change, for every TableStorage."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from table_api.storage.table_storage import Insert, PassedOver, TableStorage, Upsert, Value, etag_of
from table_api.storage.timestamp import parse_time

PARTITION = "202611|03"


class ChangedRowsContract:
    """Subclasses give the fixture `storage`."""

    @pytest.fixture
    async def table(self, storage: TableStorage) -> str:
        table = f"t{uuid4().hex}"
        await storage.create_table(table)
        return table

    async def test_rows_that_changed_are_found_by_their_time_stamp(
        self, storage: TableStorage, table: str
    ) -> None:
        """A row that has not changed since may be among them; none of another partition."""
        names = [f"c|{number:04d}" for number in range(1_205)]
        for start in range(0, len(names), 100):
            await storage.transact(
                table, PARTITION, [Insert(name, {"n": 1}) for name in names[start : start + 100]]
            )
        changed = names[5::10]
        for start in range(0, len(changed), 100):
            await asyncio.sleep(0.02)  # Azurite compares milliseconds
            writes = [Upsert(name, {"n": 2}) for name in changed[start : start + 100]]
            await storage.transact(table, PARTITION, writes)
        await storage.transact(table, "another", [Insert("c|9999", {"n": 2})])
        read = [await storage.get(table, PARTITION, name) for name in changed]
        stamps = {str(row["RowKey"]): str(row["Timestamp"]) for row in read if row is not None}
        since = min(stamps.values())  # in one transaction, the first row need not have the oldest
        pages = storage.changed(table, PARTITION, since, select=["RowKey", "Timestamp", "n"])
        found = [row async for page in pages for row in page]
        assert [each["RowKey"] for each in found if each["n"] == "2"] == changed
        assert {
            str(each["RowKey"]): each["Timestamp"] for each in found if each["n"] == "2"
        } == stamps
        assert {str(each["RowKey"]) for each in found} <= set(names)
        assert len(found) < len(names)

    async def test_rows_that_changed_are_found_by_a_time_that_no_row_has(
        self, storage: TableStorage, table: str
    ) -> None:
        """Storage stamps by its own clock, whatever a row says, and each change anew."""
        await storage.transact(table, PARTITION, [Insert("old", {}), Insert("changed", {})])
        row = await storage.get(table, PARTITION, "old")
        assert row is not None
        second = parse_time(row["Timestamp"]).replace(microsecond=0)

        async def found(seconds: int) -> dict[str, str]:
            since = f"{second + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}.0000000Z"
            pages = storage.changed(table, PARTITION, since, select=["RowKey", "Timestamp"])
            return {str(each["RowKey"]): str(each["Timestamp"]) async for p in pages for each in p}

        before = await found(-30)
        assert before.keys() == {"old", "changed"}
        assert await found(3_600) == {}
        await asyncio.sleep(2.1)
        [etag] = await storage.transact(table, PARTITION, [Upsert("changed", {"n": 1})])
        await storage.transact(table, PARTITION, [Insert("new", {})])
        after = await found(2)
        assert after.keys() == {"changed", "new"}
        assert etag_of({"Timestamp": after["changed"]}) == etag
        assert after["changed"] > before["changed"]
        assert await found(-30) == before | after

    async def test_rows_are_found_but_for_those_with_a_value(
        self, storage: TableStorage, table: str
    ) -> None:
        """However many others stand between; a row without the column has no such value."""
        rows = [
            Insert(f"c|{number:04d}", {"n": number} | _state(number)) for number in range(2_300)
        ]
        for start in range(0, len(rows), 100):
            await storage.transact(table, PARTITION, rows[start : start + 100])
        await storage.transact(table, "another", [Insert("c|9999", {"n": 1, "state": "open"})])
        done = PassedOver(column="state", value="it's done")
        pages = storage.other_than(table, PARTITION, done, select=["n", "state"])
        found = [row async for page in pages for row in page]
        assert [row["n"] for row in found] == ["0", "5", "1100", "2299"]
        assert [row.get("state") for row in found] == ["open", None, "odd", "open"]
        pages = storage.other_than(table, PARTITION, done, rows_max=2)
        first = [row async for page in pages for row in page]
        assert [row["RowKey"] for row in first[:2]] == ["c|0000", "c|0005"]
        pages = storage.other_than(f"t{uuid4().hex}", PARTITION, done)
        assert [row async for page in pages for row in page] == []
        later = PassedOver(column="state", value="it's done", from_column="at", start="it's 2")
        pages = storage.other_than(table, PARTITION, later, select=["n"])
        assert [row["n"] async for page in pages for row in page] == ["5", "2299"]


def _state(number: int) -> dict[str, Value]:
    states = {0: "open", 5: None, 1_100: "odd", 2_299: "open"}
    state = states.get(number, "it's done")
    return {} if state is None else {"state": state, "at": f"it's {number}"}
