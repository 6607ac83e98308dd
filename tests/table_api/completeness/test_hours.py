"""An hour is summed once, and again when one of its calls changes; the answer is always the same.

What is checked against is the report that reads every call: `live` deletes the sums first.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from consumers.pairing.sweeper import Sweeper
from table_api.completeness.hour_sums import FORM, encode_hour
from table_api.completeness.hours import HOURS_BACK, HourSummer
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.ledger.chain_changes import TakeOut
from table_api.ledger.entries import read_entry
from table_api.ledger.keys import CALL_ROWS, CallAddress
from table_api.open_calls import summed_hours
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.summed_hours import COMPLETENESS_TABLE, SummedHours
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Delete, Insert, Replace, TableStorage, etag_of
from table_api.usage.cell_reads import LedgerReads
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import USAGE, WAITS
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.calls import NOW
from tests.fixtures.damage import rows_of
from tests.table_api.completeness.test_reads import INJECTED, answer, letter, settled

HOUR = datetime(2026, 11, 20, 9, tzinfo=UTC)
SETTLED = CALL_TIME + timedelta(hours=5)


def summer(storage: TableStorage) -> HourSummer:
    return HourSummer(storage, LedgerReads(storage, now=lambda: NOW))


async def sum_due(storage: TableStorage, *, facts_from: datetime = HOUR - timedelta(days=9)) -> int:
    return await summer(storage).sum_due(settled=SETTLED, facts_from=facts_from, hours_max=99)


async def live(storage: TableStorage) -> Any:
    """The answer without sums."""
    kept = await SummedHours(storage).read(HOUR - timedelta(days=1), SETTLED)
    rows = [f"{hour:%Y%m%d%H}|s" for hour, each in kept.items() if each.sums is not None]
    if rows:
        await storage.transact(COMPLETENESS_TABLE, "hours", [Delete(row) for row in rows])
    return await answer(storage)


async def test_the_answer_of_summed_hours_is_that_of_their_calls(
    either_storage: TableStorage,
) -> None:
    await settled(either_storage, *INJECTED.values())
    before = await answer(either_storage)
    assert await sum_due(either_storage) > 1
    assert await answer(either_storage) == before
    assert await sum_due(either_storage) == 0


class CountingStorage(MemoryTableStorage):
    """Counts the queries of each table."""

    def __init__(self) -> None:
        super().__init__()
        self.queries: Counter[str] = Counter()

    def query(self, table: str, *args: Any, **named: Any) -> Any:
        self.queries[table] += 1
        return super().query(table, *args, **named)


async def test_a_summed_hour_is_not_read_again() -> None:
    storage = CountingStorage()
    await settled(storage, *INJECTED.values())
    storage.queries.clear()
    await live(storage)
    assert storage.queries["opencalls"] > 10
    await summer(storage).sum_due(settled=NOW, facts_from=HOUR - HOURS_BACK, hours_max=99)
    storage.queries.clear()
    await answer(storage)
    assert (storage.queries["completeness"], storage.queries["opencalls"]) == (1, 0)


async def test_a_late_fact_has_its_hour_summed_again(memory: MemoryTableStorage) -> None:
    world = await settled(memory, INJECTED["log lost"])
    await sum_due(memory)
    call = replace(INJECTED["log lost"].call, has_outcome=True, has_tokens=True)
    body = envelope(call.gateway_record(), call.llm_record())
    await world.pair(world.diagnostics, body, call.time + timedelta(hours=4))
    got = await answer(memory)
    assert (got["totals"]["logged"], got["totals"]["compared"]) == (1, 1)
    assert await sum_due(memory) >= 1
    assert await answer(memory) == got == await live(memory)


async def test_a_call_that_metering_posts_late_no_longer_waits(memory: MemoryTableStorage) -> None:
    late = INJECTED["not posted yet"]
    world = await settled(memory, late)
    await sum_due(memory)
    assert (await answer(memory))["totals"]["waiting"] == 1
    await world.meter([late.call.event()], SETTLED)
    await world.ledger.project()
    got = await answer(memory)
    assert (got["totals"]["waiting"], got["totals"]["posted"]) == (0, 1)
    await sum_due(memory)
    assert await answer(memory) == got


async def test_a_call_that_is_taken_out_of_the_ledger_changes_its_hour(
    memory: MemoryTableStorage,
) -> None:
    world = await settled(memory, INJECTED["plain"])
    await sum_due(memory)
    [partition] = [each async for each in memory.partitions("ledger") if each[:2] == "20"]
    [[row]] = [page async for page in memory.query("ledger", partition, CALL_ROWS)]
    entry = read_entry(row)
    change = TakeOut(
        entry_key=entry.entry_key, subject=entry.subject, by="j", reason="counted twice",
        place=world.ledger.place,
    )  # fmt: skip
    await world.ledger.amend({CallAddress(partition, entry.entry_key): change})
    assert (await answer(memory))["totals"]["posted"] == 0
    await sum_due(memory)
    assert (await answer(memory))["totals"]["posted"] == 0


async def test_a_sum_that_a_change_overtakes_is_not_used(memory: MemoryTableStorage) -> None:
    """The mark is read before the calls: a sum of before the change names an older one."""
    world = await settled(memory, INJECTED["not posted yet"])
    kept = SummedHours(memory)
    stale = encode_hour({})
    await kept.mark([HOUR])
    mark = (await kept.read(HOUR, SETTLED))[HOUR].mark
    await world.ledger.project()
    await kept.mark([HOUR])
    await kept.keep(HOUR, stale, form=FORM, mark=mark)
    assert not (await kept.read(HOUR, SETTLED))[HOUR].is_current(FORM)


async def test_a_row_stays_when_its_facts_are_purged(memory: MemoryTableStorage) -> None:
    world = await settled(memory, *INJECTED.values())
    await sum_due(memory)
    before = await answer(memory)
    await world.calls.purge(SETTLED + timedelta(hours=1), PurgedHours(MemoryBlobStore()))
    # A newer call, so that facts begin somewhere.
    newer = Call(number=99, time=CALL_TIME + timedelta(days=1))
    await world.pair(world.usage, newer.event(), newer.time)
    await SummedHours(memory).mark([HOUR])
    after = await answer(memory)
    assert after["totals"] == before["totals"]
    assert await sum_due(memory, facts_from=SETTLED) == 0


async def test_an_open_letter_counts_with_its_call_also_in_a_summed_hour(
    memory: MemoryTableStorage,
) -> None:
    await settled(memory, INJECTED["event lost"])
    index = DeadLetterIndex(memory, USAGE)
    await index.create()
    await index.add([letter(USAGE, 1, event_id=Call(number=0).id)])
    before = await answer(memory)
    await sum_due(memory)
    assert await answer(memory) == before
    assert {line["model"]: line["dead_lettered"] for line in before["data"]} == {"gpt-4.1-mini": 1}


async def test_a_damaged_row_is_read_live(memory: MemoryTableStorage) -> None:
    await settled(memory, INJECTED["plain"])
    before = await answer(memory)
    await SummedHours(memory).keep(HOUR, "no base64!", form=FORM, mark="")
    assert await answer(memory) == before


@pytest.mark.parametrize("key", ["|s", "|m"])
@pytest.mark.parametrize("column", ["mark", "form"])
async def test_a_row_that_has_lost_a_column_is_summed_again_and_stops_no_sum(
    memory: MemoryTableStorage, key: str, column: str
) -> None:
    await settled(memory, *INJECTED.values())
    before = await live(memory)
    await sum_due(memory)
    await SummedHours(memory).mark([HOUR])
    await sum_due(memory)
    changed = 0
    for row in await rows_of(memory, COMPLETENESS_TABLE, key):
        if column in row:
            left_out = {"PartitionKey", "RowKey", "Timestamp", column}
            kept = {name: value for name, value in row.items() if name not in left_out}
            change = Replace(str(row["RowKey"]), kept, etag_of(row))
            await memory.transact(COMPLETENESS_TABLE, "hours", [change])
            changed += 1
    assert changed or (key, column) == ("|m", "form")
    assert await answer(memory) == before
    assert await sum_due(memory) == changed
    assert await sum_due(memory) == 0
    assert await answer(memory) == before


async def test_a_key_that_is_no_hour_stops_no_sum(memory: MemoryTableStorage) -> None:
    await settled(memory, *INJECTED.values())
    stray = Insert("2026112009-|s", {"mark": "", "form": 1})
    await memory.transact(COMPLETENESS_TABLE, "hours", [stray])
    assert await sum_due(memory) > 1


async def test_a_row_of_another_form_is_summed_again(memory: MemoryTableStorage) -> None:
    await settled(memory, INJECTED["plain"])
    before = await answer(memory)
    await SummedHours(memory).keep(HOUR, encode_hour({}), form=FORM + 1, mark="")
    assert await answer(memory) == before
    await sum_due(memory)
    assert (await SummedHours(memory).read(HOUR, SETTLED))[HOUR].is_current(FORM)


async def test_an_hour_that_is_too_long_is_not_kept(
    memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(summed_hours, "COLUMN_CHARS_MAX", 10)
    await settled(memory, *INJECTED.values())
    before = await answer(memory)
    await sum_due(memory)
    assert (await SummedHours(memory).read(HOUR, SETTLED))[HOUR].sums is None
    assert await answer(memory) == before


@pytest.mark.parametrize("chars", [511_999, 512_000, 512_001, 600_000])
async def test_an_hour_is_kept_or_left_but_never_refused_by_storage(
    memory: MemoryTableStorage, chars: int
) -> None:
    """A sum that the service refuses would end each sweep at the same hour."""
    summed = SummedHours(memory)
    await summed.create()
    kept = await summed.keep(HOUR, "x" * chars, form=FORM, mark="m")
    found = await summed.read(HOUR, HOUR + timedelta(hours=1))
    assert kept == (chars <= 512_000) == (HOUR in found)
    if kept:
        assert len(found[HOUR].sums or "") == chars


async def test_the_sweeper_sums_what_is_settled(memory: MemoryTableStorage) -> None:
    world = await settled(memory, INJECTED["plain"])
    world.stream_time.latest = HOUR
    sweeper = Sweeper(replace(world.pairing, hours=summer(memory)), interval_s=1)
    await sweeper.sweep()
    assert (await SummedHours(memory).read(HOUR, SETTLED))[HOUR].sums is None
    world.stream_time.latest = HOUR + timedelta(hours=1) + WAITS.timeout
    await sweeper.sweep()
    assert (await SummedHours(memory).read(HOUR, SETTLED))[HOUR].is_current(FORM)
