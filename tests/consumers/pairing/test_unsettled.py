"""A call that pairing could not settle keeps its month from closing until it is settled."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.errors import Altered
from table_api.invoicing.closing.hubs_read import CALLS_NAMED_MAX, not_settled, unread_hubs
from table_api.open_calls.keys import response_key
from table_api.open_calls.settled import UnsettledCall
from table_api.storage.keys import encode_part
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row, TableStorage
from tests.consumers.pairing.background import Background
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.replays import settled
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME
from tests.fixtures.damage import damage, mend

BAD, GOOD = Call(number=1, has_trace=False), Call(number=2, has_trace=False)
DECEMBER, JANUARY = datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
OVERDUE = CALL_TIME + WAITS.timeout + timedelta(hours=1)


@pytest.fixture
async def world() -> World:
    return await World.over(MemoryTableStorage())


async def named(storage: TableStorage, stop: datetime = DECEMBER) -> list[str]:
    """What a close of the month says of unsettled calls."""
    start = (stop - timedelta(days=1)).replace(day=1)
    found = await unread_hubs(storage, DEFAULT_GROUPS, without_pairing=False)(start, stop)
    return [line for line in found if "could not settle" in line]


async def damaged(world: World, *, partition: str = "c|") -> list[Row]:
    """Two calls of which one's first half cannot be read; the second halves come elsewhere."""
    soon = CALL_TIME + timedelta(seconds=3)
    for call in (BAD, GOOD):
        await world.pair(world.usage, call.event(), soon)
    rows = await damage(world.storage, "opencalls", partition, BAD.id, fact="{")
    other = world.other()
    for call in (BAD, GOOD):
        body = envelope(call.gateway_record(), call.llm_record())
        await other.pair(other.diagnostics, body, soon)
    return rows


async def test_the_close_names_it_until_it_is_mended(world: World) -> None:
    rows = await damaged(world)
    process = world.other()  # that has heard of none of them
    await settled(process, OVERDUE)
    assert set(await world.standing()) == {GOOD.id}
    [line] = await named(world.storage)
    assert "1 calls" in line
    assert BAD.id in line

    later = process.other()  # a sweeper that begins after the call
    await settled(later, OVERDUE + timedelta(hours=5))
    assert await named(world.storage) == [line]
    await mend(world.storage, "opencalls", rows, "fact")
    await settled(later, OVERDUE + timedelta(hours=5))
    assert set(await world.standing()) == {GOOD.id, BAD.id}
    assert await named(world.storage) == []


async def test_a_damaged_row_of_one_stops_no_sweep_and_no_other_try(world: World) -> None:
    rows = await damaged(world)
    process = world.other()
    await settled(process, OVERDUE)
    broken = UnsettledCall(
        call_id="0-broken", since=CALL_TIME, until=CALL_TIME
    )  # before the other one
    await process.calls.unsettled.add([broken])
    await damage(world.storage, "opencalls", "", "unsettled|0-broken", since="x")
    await mend(world.storage, "opencalls", rows, "fact")
    late = Call(number=3, has_trace=False)
    await world.pair(world.usage, late.event(), CALL_TIME + timedelta(seconds=3))
    again = process.other()
    await settled(again, OVERDUE + timedelta(hours=5))
    assert BAD.id in await world.standing()
    left = await again.calls.unsettled.after(None, calls_max=9)
    assert list(left.values()) == [None]
    with pytest.raises(Altered, match="0-broken"):
        await named(world.storage)


@pytest.mark.parametrize("column", ["time", "settled_at", "timeout_ms"])
async def test_a_damaged_row_of_the_sweeper_stops_no_sweeper_and_is_written_anew(
    world: World, column: str
) -> None:
    await world.pair(world.usage, GOOD.event(), CALL_TIME + timedelta(seconds=3))
    for minutes in (5, 20):
        await settled(world, CALL_TIME + timedelta(minutes=minutes))
    await damage(world.storage, "opencalls", "0 swept", **{column: "x"})
    if column != "time":  # the close has no evidence then, and says whose row that is
        with pytest.raises(Altered, match="opencalls 0 swept"):
            await named(world.storage)
    await settled(world.other(), OVERDUE)
    assert set(await world.standing()) == {GOOD.id}
    found = await world.calls.settled()
    assert found is not None
    assert found.before > CALL_TIME


async def test_only_the_closes_of_its_time_name_it(world: World) -> None:
    await damaged(world)
    await settled(world.other(), OVERDUE)
    assert await named(world.storage, CALL_TIME.replace(day=1)) == []
    assert len(await named(world.storage, DECEMBER)) == 1
    assert await named(world.storage, JANUARY) == []


async def test_an_answer_of_the_first_minute_of_a_month_is_named_by_the_close_of_it(
    world: World,
) -> None:
    """Of a background answer the sweeper knows what it looked through, which began before."""
    answer, fetched = Background(), DECEMBER + timedelta(seconds=20)
    await world.pair(world.usage, answer.fetch(at=fetched), fetched)
    key = response_key(answer.response_id)
    await damage(world.storage, "opencalls", "c|", encode_part(key), fact="{")
    await settled(world.other(), fetched + WAITS.timeout + timedelta(hours=1))
    [line] = await named(world.storage, JANUARY)
    assert key in line
    assert await named(world.storage, JANUARY + timedelta(days=31)) == []


async def test_a_damaged_copy_in_the_index_is_no_unsettled_call(world: World) -> None:
    """The call's own rows say what the copy lost."""
    await damaged(world, partition="a|")
    await settled(world.other(), OVERDUE)
    assert set(await world.standing()) == {GOOD.id, BAD.id}
    assert await named(world.storage) == []


async def test_what_was_purged_unsettled_stays_named(world: World) -> None:
    """Nothing is kept of it any more, so nobody can say what it was."""
    await damaged(world)
    process = world.other()
    await settled(process, OVERDUE)
    await settled(process, CALL_TIME + timedelta(days=40))
    assert await process.calls.first_hour() is None
    assert len(await named(world.storage)) == 1


async def test_more_than_a_sweep_tries_again_are_tried_in_turns(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.pairing.sweeper.AGAIN_PER_SWEEP", 2)
    calls = [Call(number=number, has_trace=False) for number in range(5)]
    for call in calls:
        await world.pair(world.usage, call.event(), CALL_TIME + timedelta(seconds=3))
    rows = {
        call.id: await damage(world.storage, "opencalls", "c|", call.id, fact="{") for call in calls
    }
    process = world.other()
    await settled(process, OVERDUE)
    await mend(world.storage, "opencalls", rows[calls[-1].id], "fact")
    for _ in range(3):
        await settled(process, OVERDUE)
    left = await process.calls.unsettled.between(CALL_TIME, DECEMBER)
    assert {each.call_id for each in left} == {call.id for call in calls[:-1]}


def test_of_many_calls_some_are_named() -> None:
    one = UnsettledCall(call_id="c", since=CALL_TIME, until=CALL_TIME)
    calls = [replace(one, call_id=f"c{number}") for number in range(CALLS_NAMED_MAX + 2)]
    [line] = not_settled(calls)
    assert f"could not settle {CALLS_NAMED_MAX + 2} calls" in line
    assert line.endswith("and 2 more")
    assert not_settled([]) == []
