"""Reads of usage give what was posted, from the twin and from Azurite alike."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pricing_rules.units import Unit
from table_api.errors import NoLedger, TooManyCells
from table_api.ledger.day_range import DayRange, running_month
from table_api.ledger.measures import LAYERS, MEASURE_ORDER
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row, TableStorage
from table_api.usage import cell_reads as reads_module
from table_api.usage.cell_reads import SETTINGS_AGE_S_MAX, LedgerReads
from table_api.usage.daily_usage import Totals, measure_list_of, read_daily_usage, sum_totals
from tests.fixtures.builders import CALL_TIME, SUBJECT, call_id, make_usage
from tests.fixtures.calls import NOW, QueriedStorage, make_call, open_ledger

NOVEMBER = running_month(date(2026, 11, 20))
CALL = Totals(
    calls=1,
    units={Unit.INPUT: 1024, Unit.CACHE_READ: 1024, Unit.OUTPUT: 427},
    list=1_195_200_000,
    contracted=1_195_200_000,
    charge=1_195_200_000,
)
"""What `make_call()` costs: 1024 at 0.4, 1024 at 0.1 and 427 at 1.6 USD per million."""


def reads_of(storage: TableStorage) -> LedgerReads:
    """Reads at NOW."""
    return LedgerReads(storage, now=lambda: NOW)


async def test_usage_is_what_was_posted_over_all_shards(either_storage: TableStorage) -> None:
    ledger = await open_ledger(either_storage)
    subjects = [f"user {n}/ü'" for n in range(12)]
    await ledger.post(
        [make_call(n, id=call_id(n), subject=subject) for n, subject in enumerate(subjects)]
    )
    cells = await reads_of(either_storage).usage(NOVEMBER)
    assert sorted(cell.subject for cell in cells) == sorted(subjects)
    assert {cell.model for cell in cells} == {"gpt-4.1-mini"}
    assert sum_totals(cell.totals for cell in cells).charge == 12 * CALL.charge
    assert all(cell.totals == CALL for cell in cells)


async def test_subject_usage_is_that_subjects_alone(either_storage: TableStorage) -> None:
    ledger = await open_ledger(either_storage)
    for n, subject in enumerate(["a", "a|b", "ab", "a+"]):
        await ledger.post([make_call(n, id=call_id(n), subject=subject)])
    [cell] = await reads_of(either_storage).subject_usage("a", NOVEMBER)
    assert (cell.subject, cell.day, cell.totals) == ("a", date(2026, 11, 20), CALL)


@pytest.mark.parametrize("whole_ledger", [True, False])
async def test_range_is_half_open_and_crosses_months(
    memory: MemoryTableStorage, whole_ledger: bool
) -> None:
    ledger = await open_ledger(memory)
    noons = [datetime(2026, 10, 30, 12, tzinfo=UTC) + timedelta(days=n) for n in range(5)]
    await ledger.post([make_call(n, id=call_id(n), time=noon) for n, noon in enumerate(noons)])
    days = DayRange(date(2026, 10, 31), date(2026, 11, 3))
    reads = reads_of(memory)
    cells = await (reads.usage(days) if whole_ledger else reads.subject_usage(SUBJECT, days))
    assert sorted(cell.day for cell in cells) == [
        date(2026, 10, 31),
        date(2026, 11, 1),
        date(2026, 11, 2),
    ]


async def test_an_instant_before_midnight_utc_counts_on_the_next_day_of_the_zone(
    memory: MemoryTableStorage,
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(time=datetime(2026, 10, 31, 23, 30, tzinfo=UTC))])
    [cell] = await reads_of(memory).usage(NOVEMBER)
    assert cell.day == date(2026, 11, 1)


async def test_month_of_a_subject_costs_one_query(memory: MemoryTableStorage) -> None:
    storage = QueriedStorage(memory)
    ledger = await open_ledger(storage)
    await ledger.post([make_call()])
    storage.queries.clear()
    assert await reads_of(storage).subject_usage(SUBJECT, NOVEMBER)
    assert len(storage.queries) == 1


async def test_subject_is_known_thirteen_months_back_and_no_further(
    either_storage: TableStorage,
) -> None:
    ledger = await open_ledger(either_storage)
    await ledger.post([make_call(time=datetime(2025, 11, 5, tzinfo=UTC))])
    await ledger.post([make_call(time=datetime(2025, 10, 5, tzinfo=UTC), subject="older")])
    reads = reads_of(either_storage)
    assert await reads.knows(SUBJECT, NOW.date())
    assert not await reads.knows("older", NOW.date())
    assert not await reads.knows("nobody", NOW.date())


async def test_storage_without_a_ledger_says_who_makes_it(either_storage: TableStorage) -> None:
    with pytest.raises(NoLedger, match="the first consumer makes it"):
        await reads_of(either_storage).usage(NOVEMBER)


async def test_settings_are_kept_for_a_while_and_then_read_again(
    memory: MemoryTableStorage,
) -> None:
    clock = [NOW]
    reads = LedgerReads(memory, now=lambda: clock[0])
    await open_ledger(memory)
    first = await reads.meta()
    clock[0] += timedelta(seconds=SETTINGS_AGE_S_MAX)
    assert await reads.meta() is first
    clock[0] += timedelta(seconds=1)
    assert await reads.meta() is not first


async def test_more_cells_than_the_bound_are_refused(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(n, id=call_id(n), subject=f"u{n}") for n in range(3)])
    monkeypatch.setattr(reads_module, "CELLS_READ_MAX", 3)
    assert len(await reads_of(memory).usage(NOVEMBER)) == 3
    monkeypatch.setattr(reads_module, "CELLS_READ_MAX", 2)
    with pytest.raises(TooManyCells, match="more than 2 cells"):
        await reads_of(memory).usage(NOVEMBER)


async def test_cell_that_a_correction_emptied_reads_as_nothing(memory: MemoryTableStorage) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(1, deployment="gpt-4o", usage=make_usage(input=5))])
    await ledger.post([make_call(2, time=CALL_TIME)])
    cells = {cell.model: cell.totals for cell in await reads_of(memory).usage(NOVEMBER)}
    assert cells == {"gpt-4o": Totals(), "gpt-4.1-mini": CALL}


@pytest.mark.parametrize("column", MEASURE_ORDER)
def test_each_column_is_read_as_its_own_measure(column: str) -> None:
    amount = 10**30 if column in LAYERS else 7
    row: Row = {"subject": "a", "day": "2026-11-20", "model": "m", "calls": "0"}
    row[column] = str(amount)
    [cell] = read_daily_usage([row])
    expected = [amount if name == column else 0 for name in MEASURE_ORDER]
    assert measure_list_of(cell.totals) == expected
    assert (cell.subject, cell.day, cell.model) == ("a", date(2026, 11, 20), "m")


@pytest.mark.parametrize(
    "damage", [{"calls": None}, {"q_input": "1.5"}, {"charge": "x"}, {"day": "2026-11"}]
)
def test_a_cell_that_is_not_what_it_should_be_is_an_error(damage: Row) -> None:
    whole: Row = {"subject": "a", "day": "2026-11-20", "model": "m", "calls": "2"}
    with pytest.raises(ValueError, match=r"\[1\]"):
        read_daily_usage([whole, whole | damage])


def test_columns_that_the_service_gives_as_null_are_zero() -> None:
    row = {"subject": "a", "day": "2026-11-20", "model": "gpt-4o", "calls": "2", "charge": None}
    [cell] = read_daily_usage([row])  # type: ignore[list-item]  # $select of an absent column
    assert cell.totals == Totals(calls=2)
