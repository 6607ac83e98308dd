"""Pages of calls hold each call once, in order, in its last state; a chain is that call's alone."""

from datetime import UTC, date, datetime, timedelta

import pytest

from pricing_rules.types import Rank
from table_api.ledger.day_range import DayRange, running_month
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import TableStorage
from table_api.usage import call_reads
from table_api.usage.call_reads import CallReads
from table_api.usage.cell_reads import LedgerReads
from tests.fixtures.builders import CALL_TIME, SUBJECT, call_id, make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger

NOVEMBER = running_month(date(2026, 11, 20))


def calls_of(storage: TableStorage) -> CallReads:
    """Reads at NOW."""
    return CallReads(storage, LedgerReads(storage, now=lambda: NOW))


async def all_pages(
    storage: TableStorage, days: DayRange, *, limit: int, model: str | None = None
) -> list[LedgerEntry]:
    """Every call of SUBJECT, page by page."""
    found: list[LedgerEntry] = []
    after: CallAddress | None = None
    while True:
        page = await calls_of(storage).page(SUBJECT, [days], limit=limit, model=model, after=after)
        assert len(page.calls) <= limit
        found.extend(page.calls)
        after = page.last
        if after is None:
            return found


async def post_prefixed_ids(storage: TableStorage) -> list[str]:
    """Calls of one instant whose ids extend each other, each corrected once; gives the ids."""
    ledger = await open_ledger(storage)
    ids = ["a", "a+", "a+b", "a-", "ab", "b"]
    weak = make_usage(input=1)
    await ledger.post(
        [make_call(n, id=name, rank=Rank.GATEWAY_LOG, usage=weak) for n, name in enumerate(ids)]
    )
    await ledger.post([make_call(100 + n, id=name) for n, name in enumerate(ids)])
    return ids


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_hold_each_corrected_call_once_although_ids_extend_each_other(
    either_storage: TableStorage, limit: int
) -> None:
    ids = await post_prefixed_ids(either_storage)
    found = await all_pages(either_storage, NOVEMBER, limit=limit)
    assert [entry.text("call_id") for entry in found] == sorted(ids)
    assert {entry.number for entry in found} == {1}


@pytest.mark.parametrize("limit", [1, 3, 7])
async def test_calls_come_in_the_order_of_their_time_over_months(
    memory: MemoryTableStorage, limit: int
) -> None:
    ledger = await open_ledger(memory)
    times = [datetime(2026, 10, 31, 20, tzinfo=UTC) + timedelta(hours=n) for n in range(7)]
    await ledger.post([make_call(n, id=call_id(n), time=time) for n, time in enumerate(times)])
    days = DayRange(date(2026, 10, 1), date(2026, 12, 1))
    found = await all_pages(memory, days, limit=limit)
    assert [entry.time for entry in found] == times


async def test_calls_of_a_range_are_those_of_its_days(memory: MemoryTableStorage) -> None:
    ledger = await open_ledger(memory)
    for n in range(4):
        await ledger.post([make_call(n, id=call_id(n), time=CALL_TIME + timedelta(days=n))])
    found = await all_pages(memory, DayRange(date(2026, 11, 21), date(2026, 11, 23)), limit=10)
    assert [entry.text("call_id") for entry in found] == [call_id(1), call_id(2)]


async def test_calls_of_one_model_are_found_behind_many_of_another(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_reads, "ROWS_SCANNED_MAX", 4)
    ledger = await open_ledger(memory)
    for n in range(20):
        deployment = "gpt-4o" if n == 17 else "gpt-4.1-mini"
        time = CALL_TIME + timedelta(seconds=n)
        await ledger.post([make_call(n, id=call_id(n), deployment=deployment, time=time)])
    first = await calls_of(memory).page(SUBJECT, [NOVEMBER], limit=5, model="gpt-4o")
    assert first.calls == ()
    assert first.last is not None
    [found] = await all_pages(memory, NOVEMBER, limit=5, model="gpt-4o")
    assert found.text("call_id") == call_id(17)


async def test_chain_is_the_calls_own_rows_in_their_order(either_storage: TableStorage) -> None:
    await post_prefixed_ids(either_storage)
    page = await calls_of(either_storage).page(SUBJECT, [NOVEMBER], limit=1)
    place = CallAddress(page.calls[0].partition, page.calls[0].entry_key)
    chain = await calls_of(either_storage).chain(place)
    assert [(entry.text("call_id"), entry.number) for entry in chain] == [("a", 0), ("a", 1)]


async def test_chain_of_a_call_that_does_not_stand_is_empty(either_storage: TableStorage) -> None:
    await open_ledger(either_storage)
    place = CallAddress("202611|00", f"c|{SUBJECT}|20|20261120T093015.446590Z|x")
    assert await calls_of(either_storage).chain(place) == []
