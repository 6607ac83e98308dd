"""One batch, all in memory: outcomes, dead letters, and failures in the middle."""

from collections.abc import Sequence

import pytest

from consumers.dead_letters.letter_store import Letter, MemoryDeadLetters
from consumers.metering.metering import Metering
from table_api.consumer_state.progress import Count
from table_api.errors import Unavailable
from table_api.ledger.post_result import Outcome, PostResult
from table_api.ledger.posting import MeteredCall
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.metering.call_ratings import rating
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.builders import call_id, chat_usage, make_body
from tests.fixtures.calls import NOW, all_rows, open_ledger

BATCH = [
    delivered(0, body=make_body(id=call_id(0))),
    delivered(1, body=b"{"),
    delivered(2, body=make_body(id=call_id(2), stream=True, usage=None)),
    delivered(3, body=make_body(id=call_id(0))),
    delivered(4, body=make_body(id=call_id(0), usage=chat_usage(completion=428))),
    delivered(5, body=make_body(id=call_id(5), deployment="lab-model-x")),
    delivered(6, body=make_body(id=call_id(6), status=429, usage=None)),
]


class RefusingPoster:
    """A ledger that refuses every row for ever."""

    async def post(self, calls: Sequence[MeteredCall]) -> list[PostResult]:
        return [PostResult(outcome=Outcome.REFUSED, reason="HTTP 400") for _ in calls]

    async def project(self) -> None:
        """Nothing stands that could be projected."""


class DeadLettersThatFailOnce(MemoryDeadLetters):
    def __init__(self) -> None:
        super().__init__()
        self.failed = False

    async def add(self, letters: Sequence[Letter]) -> None:
        if not self.failed:
            self.failed = True
            raise Unavailable("no blob storage")
        await super().add(letters)


async def metering(
    storage: MemoryTableStorage, letters: MemoryDeadLetters | None = None
) -> Metering:
    ledger = await open_ledger(storage)
    return Metering(
        hub="llm-usage",
        rating=rating(storage),
        ledger=ledger,
        dead_letters=letters or MemoryDeadLetters(),
        now=lambda: NOW,
    )


async def test_every_event_of_a_batch_has_one_of_the_outcomes() -> None:
    letters = MemoryDeadLetters()
    work = (await metering(MemoryTableStorage(), letters)).prepare("0", BATCH)
    assert (await work()).counts == [
        (Count.DUPLICATES, Count.MISMATCHES),
        (Count.DEAD_LETTERED,),
        (Count.DEFERRED,),
        (Count.DUPLICATES, Count.MISMATCHES),
        (Count.POSTED,),
        (Count.POSTED, Count.UNPRICED),
        (Count.POSTED, Count.ZERO),
    ]
    [letter] = [each async for each in letters.all()]
    assert (letter.sequence_number, letter.reason) == (1, "not_json")
    assert letter.enqueued_time == BATCH[1].enqueued_time


async def test_a_failed_dead_letter_write_fails_the_batch_and_again_is_the_remedy() -> None:
    storage, letters = MemoryTableStorage(), DeadLettersThatFailOnce()
    work = (await metering(storage, letters)).prepare("0", BATCH)
    with pytest.raises(Unavailable):
        await work()
    posted = await all_rows(storage)
    counts = (await work()).counts
    assert await all_rows(storage) == posted
    assert counts[1] == (Count.DEAD_LETTERED,)
    assert len([each async for each in letters.all()]) == 1


async def test_a_call_whose_rows_are_refused_is_a_dead_letter() -> None:
    letters = MemoryDeadLetters()
    refusing = Metering(
        hub="llm-usage",
        rating=rating(MemoryTableStorage()),
        ledger=RefusingPoster(),
        dead_letters=letters,
        now=lambda: NOW,
    )
    refused = await refusing.prepare("0", BATCH[:1])()
    assert refused.counts == [(Count.DEAD_LETTERED,)]
    [letter] = [each async for each in letters.all()]
    assert (letter.reason, letter.event_id) == ("refused_by_storage", call_id(0))
    assert "HTTP 400" in letter.message


async def test_batches_in_any_split_give_the_same_ledger() -> None:
    whole, parts = MemoryTableStorage(), MemoryTableStorage()
    await (await metering(whole)).prepare("0", BATCH[4:])()
    split = await metering(parts)
    for event in [*BATCH[4:], *BATCH[4:]]:
        await split.prepare("0", [event])()
    assert _without_revisions(await all_rows(whole)) == _without_revisions(await all_rows(parts))


def _without_revisions(rows: dict[tuple[str, str], dict[str, str | int | bool]]) -> object:
    return {
        key: {name: value for name, value in row.items() if name != "rev"}
        for key, row in rows.items()
    }
