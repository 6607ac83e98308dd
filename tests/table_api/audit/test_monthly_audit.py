"""The audit names every damage of `monthly`, raises no false alarm, and a rebuild mends it all."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from pricing_rules.types import Caller
from table_api.audit.ledger_audit import audit
from table_api.audit.monthly_audit import BEHIND_S_MAX
from table_api.ledger.keys import shard_of
from table_api.ledger.posting import MeteredCall
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.monthly.rebuild import rebuild_monthly
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import (
    Merge,
    Replace,
    Row,
    TableStorage,
    Upsert,
    Value,
    etag_of,
)
from tests.fixtures.builders import call_id
from tests.fixtures.calls import NOW, SETTINGS, PrefixedStorage, make_call, open_ledger
from tests.fixtures.projections import assert_projected


def call(number: int) -> MeteredCall:
    product = ("one", "two")[number % 2]
    subject = f"user-{number % 2}"
    return make_call(number, id=call_id(number), subject=subject, caller=Caller(product=product))


@pytest.fixture
async def storage(either_storage: TableStorage) -> TableStorage:
    """Two subjects, two lines each."""
    ledger = await open_ledger(either_storage)
    await ledger.post([call(number) for number in range(6)])
    return either_storage


async def first_row(storage: TableStorage) -> Row:
    pages = storage.query("monthly", "202611", KeyRange("", "~"))
    rows = [row async for page in pages for row in page]
    return rows[0]


async def change(storage: TableStorage, columns: Mapping[str, Value]) -> None:
    row = await first_row(storage)
    write = Merge(str(row["RowKey"]), columns, etag_of(row))
    await storage.transact("monthly", "202611", [write])


@pytest.mark.parametrize(
    ("columns", "named"),
    [
        ({"d20": "3,1"}, "day 20 states charge = 1"),
        ({"d20": ""}, "day 20 states calls = 0"),
        ({"total": "9"}, "another total"),
        ({"active": 0}, "other days"),
        ({"model": "gpt-4o"}, "names model 'gpt-4o'"),
        ({"subject": "user-9"}, "names subject 'user-9'"),
        ({"r20": "aaaaaaaaaaaa:1"}, "ahead of the ledger in lines ['aaaaaaaaaaaa']"),
        ({"d21": "1", "r21": "aaaaaaaaaaaa:1"}, "day 21 is ahead"),
    ],
)
async def test_each_damage_is_named_and_mended(
    storage: TableStorage, columns: dict[str, Value], named: str
) -> None:
    assert (await audit(storage, now=NOW)).problems == ()
    await change(storage, columns)
    problems = (await audit(storage, now=NOW)).problems
    assert any(named in problem for problem in problems), problems
    assert (await rebuild_monthly(storage)).written == 1
    assert (await audit(storage, now=NOW)).problems == ()
    await assert_projected(storage)
    assert (await rebuild_monthly(storage)).written == 0


async def test_a_row_that_no_cell_asks_for_is_emptied(storage: TableStorage) -> None:
    columns: dict[str, Value] = {
        "subject": "x",
        "model": "y",
        "total": "1",
        "active": 2,
        "d01": "1",
        "r01": "a:1",
    }
    await storage.transact("monthly", "202611", [Upsert("x|y", columns)])
    assert "ahead" in (await audit(storage, now=NOW)).problems[0]
    await rebuild_monthly(storage)
    assert (await audit(storage, now=NOW)).problems == ()


async def test_what_is_not_projected_yet_is_behind_and_a_problem_when_it_stays_so(
    storage: TableStorage,
) -> None:
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    await ledger.ledger.post([call(7), call(8)])
    cells = storage.query("ledger", ledger.place(call(7)).partition, KeyRange("d|", "d|~"))
    written = datetime.fromisoformat(
        max([str(row["Timestamp"]) async for page in cells for row in page])
    )
    report = await audit(storage, now=written + timedelta(seconds=1))
    assert (report.behind, report.problems) == (2, ())
    assert "2 behind in monthly" in report.render()
    report = await audit(storage, now=written + timedelta(seconds=BEHIND_S_MAX + 60))
    assert len(report.problems) == 2
    assert "is behind its cells of" in report.problems[0]
    await ledger.project()
    report = await audit(storage, now=datetime.now(UTC))
    assert (report.behind, report.problems) == (0, ())


async def test_a_projection_that_is_written_amid_the_audit_is_no_problem(
    storage: TableStorage,
) -> None:
    ledger = await open_ledger(storage)

    class PostingMeanwhile(PrefixedStorage):
        """Between each read of the audit and the next, calls are posted and projected."""

        number = 10

        async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
            found = await super().get(table, partition_key, row_key)
            await self.post()
            return found

        def partitions(self, table: str):  # type: ignore[no-untyped-def]
            return self._posting(table)

        async def _posting(self, table: str):  # type: ignore[no-untyped-def]
            async for partition in super().partitions(table):
                await self.post()
                yield partition

        async def post(self) -> None:
            self.number += 2
            await ledger.post([call(self.number), call(self.number + 1)])

    report = await audit(PostingMeanwhile(storage, ""), now=datetime(2026, 1, 1, tzinfo=UTC))
    assert report.problems == ()


async def test_a_rebuild_amid_writers_loses_nothing(storage: TableStorage) -> None:
    ledger = await open_ledger(storage)
    await change(storage, {"d20": "1"})

    class PostingMeanwhile(PrefixedStorage):
        left = 3

        async def transact(self, table, partition_key, operations):  # type: ignore[no-untyped-def]
            if self.left and isinstance(operations[0], Replace):
                self.left -= 1
                await ledger.post([call(20 + 2 * self.left), call(21 + 2 * self.left)])
            return await super().transact(table, partition_key, operations)

    await rebuild_monthly(PostingMeanwhile(storage, ""))
    await assert_projected(storage)


class FirstOfItsShard(PrefixedStorage):
    """A call that is the first of its shard comes as soon as the ledger's partitions were listed
    for the `time`-th time.
    """

    def __init__(self, storage: TableStorage, time: int) -> None:
        super().__init__(storage, "")
        self.left = time

    def partitions(self, table: str):  # type: ignore[no-untyped-def]
        return self._then_posting(table)

    async def _then_posting(self, table: str):  # type: ignore[no-untyped-def]
        async for partition in super().partitions(table):
            yield partition
        self.left -= table == "ledger"
        if self.left == 0 and table == "ledger":
            first = make_call(99, id=call_id(99), subject=unused_shard())
            await (await open_ledger(self)).post([first])


def unused_shard() -> str:
    """A subject of a shard that has no call yet."""
    used = {shard_of(f"user-{number}", SETTINGS.shards) for number in range(2)}
    names = map("person-{}".format, range(100))
    return next(name for name in names if shard_of(name, SETTINGS.shards) not in used)


async def test_the_first_call_of_a_shard_amid_a_rebuild_keeps_its_row(
    storage: TableStorage,
) -> None:
    await rebuild_monthly(FirstOfItsShard(storage, 1))
    await assert_projected(storage)


async def test_the_first_call_of_a_shard_amid_an_audit_is_no_problem(
    storage: TableStorage,
) -> None:
    meanwhile = FirstOfItsShard(storage, 2)
    report = await audit(meanwhile, now=NOW)
    assert (report.problems, report.behind) == ((), 0)
    assert meanwhile.left == 0
