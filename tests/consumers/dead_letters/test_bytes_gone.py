"""Letters whose bytes storage deleted, as it does after some months: they stop no other."""

import asyncio

import pytest

from consumers.dead_letters.blob_letters import BlobDeadLetters
from consumers.dead_letters.redrive import Selection, redrive, selected
from consumers.receiving.handler import Received
from consumers.replay.letter_replay import replay_letters
from pricing_rules.decoding.invalid_event import InvalidCode
from table_api.consumer_state.dead_letters import DeadLetterIndex, LetterState
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.replay.world import ReplayWorld
from tests.contracts.dead_letters import HUB, letter


@pytest.fixture
async def letters() -> BlobDeadLetters:
    """Two, of which the first has no bytes any more."""
    blobs = MemoryBlobStore()
    kept = BlobDeadLetters(blobs, DeadLetterIndex(MemoryTableStorage(), HUB), HUB)
    await kept.create()
    await kept.add([letter(1)])
    blobs.blobs.clear()
    await kept.add([letter(2)])
    return kept


async def posted(_partition: str, _received: Received) -> str:
    """A path that takes every event."""
    return "posted"


async def test_a_letter_without_bytes_says_so_and_the_others_are_redriven(
    letters: BlobDeadLetters,
) -> None:
    for _ in range(2):
        for entry in [each async for each in selected(letters, Selection(), only_open=True)]:
            await redrive(letters, [posted], entry)
        first, second = [each async for each in letters.all()]
        assert (second.state, second.outcome) == (LetterState.REDRIVEN, "posted")
        assert (first.state, first.reason) == (LetterState.OPEN, InvalidCode.BYTES_GONE)
        was = letter(1).entry
        assert first.message == (
            f"its 3 bytes are gone; they were refused: {was.reason}, {was.message}"
        )


async def test_a_dry_run_counts_it_as_a_letter_and_goes_on(letters: BlobDeadLetters) -> None:
    world = await ReplayWorld.empty()
    chosen = [each async for each in letters.all()]
    tally = await replay_letters(
        letters,
        world.metering(await world.watching(dry_run=True), dry_run=True),
        chosen,
        pairing=None,
        ended=asyncio.Event(),
        progressed=lambda _tally: None,
    )
    assert (tally.events, tally.counts) == (2, {"dead_lettered": 2})
    assert [each async for each in letters.all()] == chosen
