"""What metering relies on in dead letters, for MemoryDeadLetters and BlobDeadLetters."""

from dataclasses import replace

import pytest

from consumers.dead_letters.letter_store import DeadLetters, Letter, make_letter
from consumers.errors import LetterGone
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent
from table_api.consumer_state.dead_letters import LetterState
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.calls import NOW

HUB = "llm-usage"
INVALID = InvalidEvent(
    code=InvalidCode.NOT_JSON,
    field="body",
    value="'{'",
    message="body is '{', …",
    event_id=None,
)


def letter(sequence_number: int, *, body: bytes = b"\x00{\xff", partition: str = "0") -> Letter:
    received = delivered(sequence_number, body=body)
    return make_letter(HUB, partition, received, invalid=INVALID, recorded_at=NOW)


class DeadLettersContract:
    """Subclasses give the fixture `letters`."""

    async def test_a_letter_comes_back_whole(self, letters: DeadLetters) -> None:
        kept = letter(7)
        await letters.add([kept])
        assert [each async for each in letters.all()] == [kept.entry]
        assert await letters.get(kept.entry.id) == kept.entry
        assert await letters.body(kept.entry.id) == b"\x00{\xff"

    async def test_the_same_letter_again_changes_nothing(self, letters: DeadLetters) -> None:
        first, redelivered = letter(1), letter(1)
        await letters.add([first, letter(2)])
        done = replace(first.entry, state=LetterState.REDRIVEN, outcome="posted")
        await letters.replace(done)
        await letters.add([redelivered, letter(3), letter(3)])
        assert await letters.get(first.entry.id) == done
        assert [each.sequence_number async for each in letters.all()] == [1, 2, 3]

    async def test_another_content_at_the_same_place_is_another_letter(
        self, letters: DeadLetters
    ) -> None:
        await letters.add([letter(1, body=b"a")])
        await letters.add([letter(1, body=b"b")])
        assert len([each async for each in letters.all()]) == 2

    async def test_letters_come_by_partition_and_number(self, letters: DeadLetters) -> None:
        await letters.add([letter(10), letter(9), letter(1, partition="1")])
        found = [(each.partition, each.sequence_number) async for each in letters.all()]
        assert found == [("0", 9), ("0", 10), ("1", 1)]

    async def test_more_letters_than_one_transaction_holds_are_all_kept(
        self, letters: DeadLetters
    ) -> None:
        await letters.add([letter(50)])
        await letters.add([letter(number) for number in range(230)])
        assert len([each async for each in letters.all()]) == 230

    async def test_an_unknown_letter_is_none_and_its_bytes_are_gone(
        self, letters: DeadLetters
    ) -> None:
        assert await letters.get("0-1-abc") is None
        with pytest.raises(LetterGone):
            await letters.body("0-1-abc")
