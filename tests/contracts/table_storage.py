"""What the ledger relies on in Table Storage, for MemoryTableStorage and AzureTableStorage."""

import msgspec
import pytest

from table_api.errors import AlreadyExists, ChangedMeanwhile, Rejected
from table_api.storage.keys import KeyRange, encode_part, starting_with
from table_api.storage.table_storage import (
    Delete,
    Insert,
    Merge,
    Replace,
    Row,
    TableStorage,
    Upsert,
    Value,
    etag_of,
)
from table_api.storage.transaction import columns_text
from tests.contracts.changed_rows import PARTITION, ChangedRowsContract

AMOUNTS = frozenset({"amount"})


class Texts(msgspec.Struct, omit_defaults=True):
    """Columns of a row that are no numbers."""

    text: str
    yes: bool | None = None
    absent: str | None = None


class TableStorageContract(ChangedRowsContract):
    """Subclasses give the fixture `storage`."""

    async def test_values_come_back_as_they_went_and_integers_as_text(
        self, storage: TableStorage, table: str
    ) -> None:
        columns: dict[str, Value] = {
            "text": "ü'\"\n日本",
            "whole": 2**53 + 1,
            "low": -(2**63),
            "yes": True,
            "e": "",
        }
        await storage.transact(table, PARTITION, [Insert("c|a@b.c|=20", columns)])
        row = await storage.get(table, PARTITION, "c|a@b.c|=20")
        assert row is not None
        assert row["RowKey"] == "c|a@b.c|=20"
        assert row["PartitionKey"] == PARTITION
        assert {name: row[name] for name in columns} == {
            **columns,
            "whole": "9007199254740993",
            "low": "-9223372036854775808",
        }

    async def test_columns_written_at_once_read_as_any_others(
        self, storage: TableStorage, table: str
    ) -> None:
        numbers = {"calls": 2, "low": -(2**63), "high": 2**63 - 1, "amount": 9 * 10**17}
        text = columns_text(Texts("ü'\"\n日本", yes=True), numbers, as_text=AMOUNTS)
        assert text is not None
        await storage.transact(table, PARTITION, [Insert("at once", text)])
        row = await storage.get(table, PARTITION, "at once")
        assert row is not None
        columns = {"text": "ü'\"\n日本", "yes": True} | {n: str(v) for n, v in numbers.items()}
        kept = {"PartitionKey", "RowKey", "Timestamp"}
        assert {name: value for name, value in row.items() if name not in kept} == columns
        with pytest.raises(AlreadyExists):
            await storage.transact(table, PARTITION, [Insert("at once", text)])

    async def test_columns_written_at_once_are_rejected_by_name_too(
        self, storage: TableStorage, table: str
    ) -> None:
        texts = Texts("x" * 32_769)
        text = columns_text(texts, {"calls": 2}, as_text=AMOUNTS)
        assert text is not None
        with pytest.raises(Rejected, match="column text"):
            await storage.transact(table, PARTITION, [Insert("long", text)])
        # What only a look at each column can refuse is left to those who write them one by one.
        for numbers in ({"n": 2**63}, {"n": -(2**63) - 1}, {f"n{at}": 1 for at in range(253)}):
            assert columns_text(texts, numbers, as_text=AMOUNTS) is None
        with pytest.raises(Rejected, match="a-b"):
            columns_text(texts, {"a-b": 1}, as_text=AMOUNTS)

    @pytest.mark.parametrize(
        "subject", ["a|b", "o'neil, x", "100%", "a+b@c", "=41", "ü/日#?\\", ""]
    )
    async def test_any_subject_makes_a_key_that_can_be_written_read_and_replaced(
        self, storage: TableStorage, table: str, subject: str
    ) -> None:
        key = f"c|{encode_part(subject)}|01"
        [etag] = await storage.transact(table, PARTITION, [Insert(key, {"n": 1})])
        await storage.transact(table, PARTITION, [Replace(key, {"n": 2}, etag)])
        row = await storage.get(table, PARTITION, key)
        assert row is not None
        assert (row["RowKey"], row["n"]) == (key, "2")
        assert await self._keys(storage, table, starting_with(f"c|{encode_part(subject)}|")) == [
            key
        ]

    async def test_a_quote_in_a_key_ends_no_text(self, storage: TableStorage, table: str) -> None:
        partition, key = "o'brien' or '1' eq '1", "it's' or '1' eq '1"
        await storage.transact(table, partition, [Insert(key, {"n": 1})])
        await storage.transact(table, "other", [Insert("x", {"n": 2})])
        for keys in (starting_with("it's"), KeyRange(key, key + "!")):
            pages = [page async for page in storage.query(table, partition, keys)]
            assert [row["RowKey"] for page in pages for row in page] == [key]
        assert [each async for each in storage.partitions(table)] == [partition, "other"]

    async def test_an_absent_row_reads_as_none(self, storage: TableStorage, table: str) -> None:
        assert await storage.get(table, PARTITION, "nothing") is None

    async def test_a_transaction_with_a_standing_row_changes_nothing(
        self, storage: TableStorage, table: str
    ) -> None:
        await storage.transact(table, PARTITION, [Insert("stands", {"n": 1})])
        with pytest.raises(AlreadyExists):
            await storage.transact(
                table, PARTITION, [Insert("new", {"n": 1}), Insert("stands", {"n": 2})]
            )
        assert await storage.get(table, PARTITION, "new") is None

    async def test_a_replace_needs_the_etag_it_read(
        self, storage: TableStorage, table: str
    ) -> None:
        [first] = await storage.transact(table, PARTITION, [Insert("cell", {"a": 1, "b": 1})])
        [second] = await storage.transact(table, PARTITION, [Replace("cell", {"a": 2}, first)])
        with pytest.raises(ChangedMeanwhile):
            await storage.transact(
                table, PARTITION, [Replace("cell", {"a": 3}, first), Insert("new", {})]
            )
        row = await storage.get(table, PARTITION, "cell")
        assert row is not None
        assert (row["a"], row.get("b"), etag_of(row)) == ("2", None, second)
        assert await storage.get(table, PARTITION, "new") is None

    async def test_a_replace_of_an_absent_row_is_a_change_meanwhile(
        self, storage: TableStorage, table: str
    ) -> None:
        [etag] = await storage.transact(table, PARTITION, [Insert("other", {})])
        with pytest.raises(ChangedMeanwhile):
            await storage.transact(table, PARTITION, [Replace("absent", {}, etag)])

    async def test_a_merge_changes_its_columns_and_needs_the_etag_it_read(
        self, storage: TableStorage, table: str
    ) -> None:
        [first] = await storage.transact(table, PARTITION, [Insert("row", {"a": 1, "b": "1"})])
        [second] = await storage.transact(
            table, PARTITION, [Merge("row", {"b": "2", "c": "3"}, first)]
        )
        with pytest.raises(ChangedMeanwhile):
            await storage.transact(
                table, PARTITION, [Merge("row", {"a": 3}, first), Insert("new", {})]
            )
        with pytest.raises(ChangedMeanwhile):
            await storage.transact(table, PARTITION, [Merge("absent", {"a": 3}, second)])
        row = await storage.get(table, PARTITION, "row")
        assert row is not None
        assert (row["a"], row["b"], row["c"], etag_of(row)) == ("1", "2", "3", second)
        assert await storage.get(table, PARTITION, "new") is None

    async def test_the_etag_of_a_read_row_is_the_one_its_write_gave(
        self, storage: TableStorage, table: str
    ) -> None:
        etags = await storage.transact(
            table, PARTITION, [Insert(f"r{n}", {"n": n}) for n in range(3)]
        )
        rows = [row async for page in storage.query(table, PARTITION, starting_with("r"))
                for row in page]  # fmt: skip
        assert [etag_of(row) for row in rows] == etags

    async def test_an_upsert_inserts_and_replaces(self, storage: TableStorage, table: str) -> None:
        await storage.transact(table, PARTITION, [Upsert("status", {"a": 1, "b": 1})])
        await storage.transact(table, PARTITION, [Upsert("status", {"a": 2})])
        row = await storage.get(table, PARTITION, "status")
        assert row is not None
        assert (row["a"], "b" in row) == ("2", False)

    async def test_deleted_rows_are_gone_and_others_stay(
        self, storage: TableStorage, table: str
    ) -> None:
        await storage.transact(table, PARTITION, [Insert(f"r{n}", {"n": n}) for n in range(4)])
        assert await storage.transact(table, PARTITION, [Delete("r1"), Delete("r3")]) == []
        assert await self._keys(storage, table, starting_with("r")) == ["r0", "r2"]
        await storage.transact(table, PARTITION, [Insert("r1", {"n": 9})])
        assert await self._keys(storage, table, starting_with("r")) == ["r0", "r1", "r2"]

    async def test_deleting_what_is_gone_changes_nothing(
        self, storage: TableStorage, table: str
    ) -> None:
        await storage.transact(table, PARTITION, [Insert("stands", {})])
        with pytest.raises(ChangedMeanwhile):
            await storage.transact(table, PARTITION, [Delete("stands"), Delete("gone")])
        assert await storage.get(table, PARTITION, "stands") is not None

    async def test_a_transaction_deletes_only_or_writes_only(
        self, storage: TableStorage, table: str
    ) -> None:
        await storage.transact(table, PARTITION, [Insert("stands", {})])
        with pytest.raises(Rejected):
            await storage.transact(table, PARTITION, [Delete("stands"), Insert("new", {})])
        assert await self._keys(storage, table, starting_with("")) == ["stands"]

    async def test_a_range_reads_in_order_over_pages_and_stops_before_its_end(
        self, storage: TableStorage, table: str
    ) -> None:
        names = [f"c|{n:04d}" for n in range(1_150)]
        for start in range(0, len(names), 100):
            part = names[start : start + 100]
            await storage.transact(
                table, PARTITION, [Insert(name, {"n": 1}) for name in reversed(part)]
            )
        await storage.transact(table, PARTITION, [Insert("d|0000", {}), Insert("b|zzz", {})])
        pages = [page async for page in storage.query(table, PARTITION, starting_with("c|"))]
        assert len(pages) > 1
        assert [row["RowKey"] for page in pages for row in page] == names
        part_range = KeyRange("c|0010", "c|0013")
        assert await self._keys(storage, table, part_range) == ["c|0010", "c|0011", "c|0012"]

    async def test_rows_max_ends_the_reading_and_select_narrows_it(
        self, storage: TableStorage, table: str
    ) -> None:
        await storage.transact(
            table, PARTITION, [Insert(f"c|{n}", {"n": n, "text": "x"}) for n in range(9)]
        )
        rows: list[Row] = []
        async for page in storage.query(
            table, PARTITION, starting_with("c|"), select=["RowKey", "n"], rows_max=4
        ):
            rows.extend(page)
        assert rows == [{"RowKey": f"c|{n}", "n": str(n)} for n in range(4)]

    async def test_a_filter_never_leaves_its_partition(
        self, storage: TableStorage, table: str
    ) -> None:
        await storage.transact(table, PARTITION, [Insert("c|1", {})])
        await storage.transact(table, "202611|04", [Insert("c|2", {})])
        assert await self._keys(storage, table, starting_with("c|")) == ["c|1"]

    async def test_partitions_are_listed_once_each_in_order(
        self, storage: TableStorage, table: str
    ) -> None:
        for partition in ("202612|00", "202611|15", "202611|03"):
            await storage.transact(
                table, partition, [Insert(f"c|{number}", {}) for number in range(3)]
            )
        found = [partition async for partition in storage.partitions(table)]
        assert found == ["202611|03", "202611|15", "202612|00"]

    async def test_100_rows_pass_and_101_are_rejected(
        self, storage: TableStorage, table: str
    ) -> None:
        rows = [Insert(f"r{number}", {"n": number}) for number in range(101)]
        assert len(await storage.transact(table, PARTITION, rows[:100])) == 100
        with pytest.raises(Rejected, match="101"):
            await storage.transact(table, PARTITION, rows)

    @pytest.mark.parametrize(
        ("row_key", "columns", "named"),
        [
            ("has/slash", {}, "RowKey"),
            ("has#hash", {}, "RowKey"),
            ("has%percent", {}, "RowKey"),
            ("tab\t", {}, "RowKey"),
            ("k" * 513, {}, "RowKey"),
            ("long", {"text": "x" * 32_769}, "text"),
            ("name", {"a-b": 1}, "a-b"),
            ("wide", {f"c{number}": 1 for number in range(253)}, "253 columns"),
            ("huge", {"n": 2**63}, "column n"),
            ("heavy", {f"c{number}": "x" * 32_000 for number in range(40)}, "bytes"),
            # 1 MiB of two bytes for each character, and what that says of an emoji.
            ("half", {f"c{number}": "x" * 32_000 for number in range(17)}, "bytes"),
            ("faces", {"text": "\U0001f600" * 16_385}, "text .* has 32770 characters"),
        ],
    )
    async def test_what_the_service_would_refuse_is_rejected_by_name(
        self,
        storage: TableStorage,
        table: str,
        row_key: str,
        columns: dict[str, str | int | bool],
        named: str,
    ) -> None:
        with pytest.raises(Rejected, match=named):
            await storage.transact(table, PARTITION, [Insert(row_key, columns)])

    async def test_a_row_of_nearly_one_mebibyte_is_taken(
        self, storage: TableStorage, table: str
    ) -> None:
        columns = {f"c{number}": "\U0001f600" * 16_000 for number in range(16)}
        await storage.transact(table, PARTITION, [Insert("long", columns)])

    async def test_a_row_named_twice_is_rejected(self, storage: TableStorage, table: str) -> None:
        with pytest.raises(Rejected):
            await storage.transact(table, PARTITION, [Insert("r", {}), Upsert("r", {})])

    async def _keys(self, storage: TableStorage, table: str, keys: KeyRange) -> list[str]:
        return [
            str(row["RowKey"])
            async for page in storage.query(table, PARTITION, keys)
            for row in page
        ]
