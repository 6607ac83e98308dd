"""How many dead letters are open is counted among a bounded number, and the answer says so."""

from dataclasses import replace
from datetime import timedelta

import pytest

from table_api.consumer_state.dead_letters import (
    DeadLetter,
    DeadLetterIndex,
    LetterState,
    OpenLetter,
)
from table_api.storage.table_storage import TableStorage
from tests.fixtures.builders import ENQUEUED_TIME
from tests.fixtures.calls import NOW


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
