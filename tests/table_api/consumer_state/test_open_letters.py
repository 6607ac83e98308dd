"""How many dead letters are open is counted among a bounded number, and the answer says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from table_api.consumer_state.dead_letters import (
    DEAD_LETTERS_TABLE,
    LOST_TIME,
    DeadLetter,
    DeadLetterIndex,
    LetterState,
    OpenLetter,
)
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Replace, TableStorage, Value, etag_of
from tests.fixtures.builders import ENQUEUED_TIME
from tests.fixtures.calls import NOW
from tests.fixtures.damage import damage


def letter(number: int) -> DeadLetter:
    """Every second one is redriven, every third names its event."""
    return DeadLetter(
        hub="llm-usage",
        partition="0",
        sequence_number=number,
        content_hash="0" * 12,
        enqueued_time=ENQUEUED_TIME + timedelta(seconds=number),
        recorded_at=NOW,
        reason="not_json",
        field="body",
        value="{",
        message="the body is cut",
        event_id=None if number % 3 else f"event-{number}",
        body_bytes=1,
        state=LetterState.REDRIVEN if number % 2 else LetterState.OPEN,
    )


@pytest.mark.parametrize(
    ("read_max", "numbers", "complete"),
    [(1, [0], False), (3, [0, 2, 4], False), (4, [0, 2, 4, 6], True), (8, [0, 2, 4, 6], True)],
)
async def test_open_letters_are_found_among_so_many(
    either_storage: TableStorage, read_max: int, numbers: list[int], complete: bool
) -> None:
    index = DeadLetterIndex(either_storage, "llm-usage")
    await index.create()
    await index.add([letter(number) for number in range(7)])
    await DeadLetterIndex(either_storage, "another").add([replace(letter(8), hub="another")])
    found = await index.open_letters(read_max=read_max)
    expected = [letter(number) for number in numbers]
    assert list(found.letters) == [
        OpenLetter(each.enqueued_time, each.event_id) for each in expected
    ]
    assert found.complete is complete


async def test_a_hub_without_letters_has_none_open(either_storage: TableStorage) -> None:
    index = DeadLetterIndex(either_storage, "llm-usage")
    await index.create()
    assert await index.open_letters() == await index.open_letters(read_max=1)
    assert (await index.open_letters()).complete


DAMAGE: list[dict[str, Value]] = [
    {"state": "opened"},
    {"enqueued_time": "soon"},
    {"recorded_at": "x"},
    {"sequence_number": "one"},
    {"sequence_number": 7},
    {"body_bytes": "many"},
    {"partition": "9"},
    {"content_hash": "f" * 12},
]


@pytest.mark.parametrize("columns", DAMAGE, ids=str)
async def test_a_letter_whose_row_is_damaged_is_there_with_what_its_key_says(
    memory: MemoryTableStorage, columns: dict[str, Value]
) -> None:
    """Its bytes are found by the key, and what is written of it then mends the row."""
    index = DeadLetterIndex(memory, "llm-usage")
    await index.create()
    await index.add([letter(0), letter(2), letter(4)])
    await damage(memory, DEAD_LETTERS_TABLE, f"{2:020d}", **columns)
    found = [each async for each in index.all()]
    assert [each.id for each in found] == [letter(number).id for number in (0, 2, 4)]
    assert found[1].state is LetterState.OPEN
    assert "its row in the index cannot be read" in found[1].message
    if "enqueued_time" not in columns:
        assert found[1].enqueued_time == letter(2).enqueued_time
    assert len((await index.open_letters()).letters) == 3
    await index.replace(replace(found[1], state=LetterState.REDRIVEN))
    assert (await index.get(letter(2).id)) == replace(found[1], state=LetterState.REDRIVEN)
    assert len((await index.open_letters()).letters) == 2


@pytest.mark.parametrize("lost", [False, True])
async def test_a_redrive_that_fails_makes_up_no_time_for_a_letter_that_lost_it(
    memory: MemoryTableStorage, lost: bool
) -> None:
    """It may be of any month, so each that is closed counts it."""
    index = DeadLetterIndex(memory, "llm-usage")
    await index.create()
    await index.add([letter(0)])
    [row] = await damage(memory, DEAD_LETTERS_TABLE, "", enqueued_time="soon")
    if lost:
        place = str(row["PartitionKey"]), str(row["RowKey"])
        standing = await memory.get(DEAD_LETTERS_TABLE, *place)
        assert standing is not None
        left_out = {"PartitionKey", "RowKey", "Timestamp", "enqueued_time"}
        kept = {name: value for name, value in standing.items() if name not in left_out}
        change = Replace(place[1], kept, etag_of(standing))
        await memory.transact(DEAD_LETTERS_TABLE, place[0], [change])
    [found] = [each async for each in index.all()]
    await index.replace(replace(found, message="it is still no JSON"))
    for since in (None, NOW):
        [shown] = (await index.open_letters(since=since)).letters
        assert shown.enqueued_time == LOST_TIME
    await index.replace(replace(found, state=LetterState.REDRIVEN))
    assert (await index.open_letters()).letters == []
    stored = await index.get(letter(0).id)
    assert stored is not None
    assert "cannot be read" in stored.message, "the row is whole again"
