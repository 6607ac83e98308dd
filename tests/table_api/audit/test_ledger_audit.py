"""The audit is green on a sound ledger and names every kind of damage."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from pricing_rules.types import CountedAt, Rank
from table_api.audit.counted_calls import MOVING_S_MAX
from table_api.audit.last_audit import last_audit, save_audit
from table_api.audit.ledger_audit import audit
from table_api.ledger.keys import CALL_ROWS, CELL_ROWS
from table_api.ledger.ledger import Ledger
from table_api.monthly.rebuild import rebuild_monthly
from table_api.storage.keys import KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Operation, Row, Upsert, Value
from tests.fixtures.builders import CALL_TIME, call_id, make_usage
from tests.fixtures.calls import NOW, PrefixedStorage, make_call, open_ledger

KEYS = ("PartitionKey", "RowKey", "Timestamp")


@pytest.fixture
async def storage() -> MemoryTableStorage:
    """Three calls of one subject, one of them corrected and moved between cells."""
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    await ledger.post([make_call(n, id=call_id(n)) for n in (1, 2)])
    logged = make_call(
        3, id=call_id(3), rank=Rank.GATEWAY_LOG, usage=make_usage(input=5), deployment="gpt-4o"
    )
    await ledger.post([logged])
    await ledger.post([make_call(4, id=call_id(3))])
    return storage


async def rows_of(storage: MemoryTableStorage, keys: KeyRange) -> list[Row]:
    return [
        row
        async for partition in storage.partitions("ledger")
        async for page in storage.query("ledger", partition, keys)
        for row in page
    ]


async def write(storage: MemoryTableStorage, row: Row, changes: Mapping[str, Value]) -> None:
    columns = {name: value for name, value in row.items() if name not in KEYS} | dict(changes)
    await storage.transact(
        "ledger", str(row["PartitionKey"]), [Upsert(str(row["RowKey"]), columns)]
    )


def remove(storage: MemoryTableStorage, row: Row) -> None:
    """Table Storage has no row for this ledger to delete, so the twin has no such method."""
    place = ("ledger", str(row["PartitionKey"]))
    del storage._rows[place][str(row["RowKey"])]
    storage._row_keys[place].remove(str(row["RowKey"]))


async def test_a_sound_ledger_is_green(storage: MemoryTableStorage) -> None:
    report = await audit(storage, now=NOW)
    assert report.problems == ()
    assert (report.calls, report.rows, report.cells) == (3, 4, 2)
    assert report.charge == 3 * 1_195_200_000
    assert report.render() == "audit ok: 3 calls, 4 rows, 2 cells"


async def test_an_empty_ledger_is_green() -> None:
    report = await audit(MemoryTableStorage(), now=NOW)
    assert (report.ok, report.calls) == (True, 0)


@pytest.mark.parametrize(
    "column", ["calls", "q_input", "list_output", "contracted_input", "charge_cache_read", "charge"]
)
@pytest.mark.parametrize("keys", [CELL_ROWS, CALL_ROWS], ids=["cell", "call"])
async def test_a_number_off_by_one_anywhere_is_found(
    storage: MemoryTableStorage, keys: KeyRange, column: str
) -> None:
    [row, *_] = [row for row in await rows_of(storage, keys) if column in row]
    amount: Value = int(row[column]) + 1
    await write(
        storage, row, {column: str(amount) if "_" in column or column == "charge" else amount}
    )
    report = await audit(storage, now=NOW)
    assert any(column.partition("_")[0] in problem for problem in report.problems)


async def test_a_lost_call_is_found(storage: MemoryTableStorage) -> None:
    remove(storage, (await rows_of(storage, CALL_ROWS))[0])
    report = await audit(storage, now=NOW)
    assert any("its rows add to" in problem for problem in report.problems)


async def test_a_lost_entry_of_a_chain_is_found(storage: MemoryTableStorage) -> None:
    [correction] = [row for row in await rows_of(storage, CALL_ROWS) if "effects" in row]
    entry_key = str(correction["RowKey"]).rpartition("|")[0]
    [entry] = [row for row in await rows_of(storage, CALL_ROWS) if row["RowKey"] == entry_key]
    remove(storage, entry)
    report = await audit(storage, now=NOW)
    assert any("has a gap" in problem for problem in report.problems)


async def test_a_lost_correction_is_found(storage: MemoryTableStorage) -> None:
    [correction] = [row for row in await rows_of(storage, CALL_ROWS) if "effects" in row]
    remove(storage, correction)
    report = await audit(storage, now=NOW)
    assert any("no row has revisions [2]" in problem for problem in report.problems)


async def test_a_revision_of_any_size_is_found_without_counting_to_it(
    storage: MemoryTableStorage,
) -> None:
    cell, *_ = await rows_of(storage, CELL_ROWS)
    await write(storage, cell, {"rev": 10**15})
    report = await audit(storage, now=NOW)
    named = [problem for problem in report.problems if f"has revision {10**15}" in problem]
    assert len(named) == 1
    assert named[0].count(",") == 5, "five of the revisions that no row has"


async def test_a_lost_cell_is_found(storage: MemoryTableStorage) -> None:
    remove(storage, (await rows_of(storage, CELL_ROWS))[0])
    report = await audit(storage, now=NOW)
    assert any("is missing" in problem for problem in report.problems)


async def test_a_call_that_counts_under_two_subjects_is_found(
    storage: MemoryTableStorage,
) -> None:
    ledger = await open_ledger(storage)
    await ledger.post([make_call(9, id=call_id(1), subject="somebody-else")])
    report = await audit(storage, now=NOW)
    [problem] = report.problems
    assert f"call {call_id(1)} counts twice" in problem


THERE, HERE = "unattributed", "ann"
LATER = CALL_TIME + timedelta(hours=1)


class Killed(Exception):
    """The process ends."""


class KilledStorage(PrefixedStorage):
    """One transaction is done, and the process ends before the next."""

    done = 0

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        self.done += 1
        if self.done > 1:
            raise Killed
        return await super().transact(table, partition_key, operations)


async def half_moved(storage: MemoryTableStorage, number: int = 1) -> None:
    """The report that moves a call was posted, and its process died before the reversal."""
    ledger = await open_ledger(storage)
    log: dict[str, Any] = {"id": call_id(number), "rank": Rank.GATEWAY_LOG}
    await ledger.post([make_call(1, subject=THERE, **log)])
    mover = make_call(2, **log | {"subject": HERE, "replaces": CountedAt(THERE, CALL_TIME)})
    dying = Ledger(KilledStorage(storage, ""), ledger.meta, now=lambda: NOW)
    with pytest.raises(Killed):
        await dying.post([mover])
    await rebuild_monthly(storage)


async def test_a_call_on_its_way_is_moving_for_a_short_time_only() -> None:
    storage = MemoryTableStorage()
    await half_moved(storage)
    report = await audit(storage, now=NOW + timedelta(seconds=MOVING_S_MAX))
    assert (report.problems, report.moving) == ((), 1)
    report = await audit(storage, now=NOW + timedelta(seconds=MOVING_S_MAX + 1))
    [problem] = report.problems
    assert f"call {call_id(1)} counts twice" in problem
    assert report.moving == 0


async def test_a_third_address_is_no_part_of_a_move() -> None:
    storage = MemoryTableStorage()
    await half_moved(storage)
    ledger = await open_ledger(storage)
    await ledger.post([make_call(3, id=call_id(1), subject="bob", time=LATER)])
    report = await audit(storage, now=NOW)
    [problem] = report.problems
    assert problem.count(call_id(1)) == 4  # the id, and three chains


async def test_a_move_excuses_no_address_but_the_one_that_it_names() -> None:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    log: dict[str, Any] = {"id": call_id(1), "rank": Rank.GATEWAY_LOG}
    await ledger.post([make_call(1, subject=THERE, **log)])
    await ledger.post([make_call(2, subject=HERE, replaces=CountedAt(THERE, CALL_TIME), **log)])
    assert (await audit(storage, now=NOW)).problems == ()
    await ledger.post([make_call(3, id=call_id(1), subject="bob", time=LATER)])
    report = await audit(storage, now=NOW)
    assert report.moving == 0
    assert "counts twice" in report.problems[0]


async def test_a_step_that_is_not_its_own_is_found(storage: MemoryTableStorage) -> None:
    [row] = [row for row in await rows_of(storage, CALL_ROWS) if "effects" in row]
    await write(
        storage, row, {"effects": str(row["effects"]).replace('"q_input":-5', '"q_input":-6')}
    )
    report = await audit(storage, now=NOW)
    assert any("not its own" in problem for problem in report.problems)


async def test_a_ledger_that_is_being_written_stays_green(storage: MemoryTableStorage) -> None:
    """Between the audit's read of the cells and of the rows another call arrives."""
    ledger = await open_ledger(storage)

    class PostingMeanwhile(PrefixedStorage):
        async def query(
            self,
            table: str,
            partition_key: str,
            keys: KeyRange,
            *,
            select: Sequence[str] | None = None,
            rows_max: int | None = None,
        ) -> AsyncIterator[list[Row]]:
            if keys == CALL_ROWS:
                await ledger.post(
                    [
                        make_call(7, id=call_id(7)),
                        make_call(8, id=call_id(8), deployment="o4-mini"),
                        make_call(9, id=call_id(9), subject="new"),
                    ]
                )
            async for page in super().query(
                table, partition_key, keys, select=select, rows_max=rows_max
            ):
                yield page

    report = await audit(PostingMeanwhile(storage, ""), now=NOW)
    assert report.problems == ()
    assert (await audit(storage, now=NOW)).calls == 6


async def test_an_id_that_extends_another_at_the_same_instant_makes_no_gap() -> None:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    for name in ("abc", "abcd"):
        await ledger.post([make_call(1, id=name, rank=Rank.GATEWAY_LOG)])
        await ledger.post([make_call(2, id=name)])
    report = await audit(storage, now=NOW)
    assert (report.problems, report.calls, report.rows) == ((), 2, 4)


async def test_the_last_report_is_kept_for_the_badge(storage: MemoryTableStorage) -> None:
    assert await last_audit(storage) is None
    report = await audit(storage, now=NOW)
    await save_audit(storage, report)
    assert await last_audit(storage) == report
