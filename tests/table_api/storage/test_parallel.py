"""Work in parts and in bounded numbers; an error ends all of it."""

import asyncio

import pytest

from table_api.storage.parallel import (
    BACKOFF_S_MAX,
    ITEMS_A_TURN,
    at_most,
    backoff_s,
    chunks,
    in_turns,
)


@pytest.mark.parametrize(
    ("count", "parts"), [(0, []), (1, [[0]]), (3, [[0, 1, 2]]), (4, [[0, 1, 2], [3]])]
)
def test_the_last_part_is_the_shorter_one(count: int, parts: list[list[int]]) -> None:
    assert [list(part) for part in chunks(range(count), 3)] == parts


def test_waits_grow_to_a_bound() -> None:
    assert all(0 <= backoff_s(0) <= 0.02 for _ in range(100))
    assert all(0 <= backoff_s(50) <= BACKOFF_S_MAX for _ in range(100))
    assert max(backoff_s(50) for _ in range(100)) > 0.02


async def test_no_more_run_at_once_than_allowed_and_all_run() -> None:
    running, most, done = set[int](), 0, list[int]()

    async def work(number: int) -> None:
        nonlocal most
        running.add(number)
        most = max(most, len(running))
        await asyncio.sleep(0)
        running.remove(number)
        done.append(number)

    await at_most(3, map(work, range(10)))
    assert (most, sorted(done)) == (3, list(range(10)))


async def test_an_error_ends_the_others_and_starts_none() -> None:
    started = list[int]()

    async def work(number: int) -> None:
        started.append(number)
        await asyncio.sleep(0)
        if number == 1:
            raise LookupError("the second")
        await asyncio.Event().wait()

    with pytest.raises(LookupError, match="the second"):
        await at_most(3, map(work, range(10)))
    assert started == [0, 1, 2]


async def test_others_have_their_turn_between_two_parts_of_many_items() -> None:
    items = list(range(2 * ITEMS_A_TURN + 1))
    seen = list[int]()
    at_turn = list[int]()

    async def other() -> None:
        while len(seen) < len(items):
            at_turn.append(len(seen))
            await asyncio.sleep(0)

    waiting = asyncio.create_task(other())
    async for part in in_turns(items):
        seen.extend(part)
    await waiting
    assert seen == items
    assert {ITEMS_A_TURN, 2 * ITEMS_A_TURN} <= set(at_turn)
