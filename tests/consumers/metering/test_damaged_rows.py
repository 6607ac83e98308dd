"""Rows that are damaged in storage cost the calls that need them, and no other."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.dead_letters.redrive import redrive
from consumers.errors import TooManyDeadLetters
from consumers.metering.metering import Metering, metering_path
from consumers.receiving.handler import Received
from pricing_rules.provider_usage.normalise import normalise
from pricing_rules.types import Operation, Usage
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import DeadLetter, LetterState
from table_api.monthly.rebuild import rebuild_monthly
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.metering.call_ratings import rating
from tests.consumers.metering.test_metering import DeadLettersThatFailOnce
from tests.consumers.partition import Partition
from tests.consumers.receiving.deliveries import delivered
from tests.fixtures.builders import call_id, chat_usage, make_body
from tests.fixtures.calls import NOW, all_rows, open_ledger
from tests.fixtures.damage import damage, mend

HUB = "llm-usage"
PEOPLE = [f"user-{number}" for number in range(10)]


class Consumer:
    """Metering on one storage; each life has caches of its own, as a process has."""

    def __init__(self) -> None:
        self.storage = MemoryTableStorage()
        self.letters = MemoryDeadLetters()
        self.partition = Partition(self.storage, HUB)

    async def metering(self) -> Metering:
        projected = await open_ledger(self.storage)
        return Metering(
            hub=HUB,
            rating=rating(self.storage),
            ledger=projected.ledger,
            project=projected.project,
            dead_letters=self.letters,
            now=lambda: NOW,
        )

    async def read(self, events: Sequence[Received], **settings: str) -> None:
        await self.partition.read(await self.metering(), events, **settings)

    async def open_letters(self) -> list[DeadLetter]:
        return [each async for each in self.letters.all() if each.state is LetterState.OPEN]

    async def calls(self) -> int:
        report = await audit(self.storage, now=NOW)
        assert report.ok, report.render()
        return report.calls


@pytest.fixture
def consumer() -> Consumer:
    return Consumer()


def event(number: int, subject: str, *, of: int | None = None, **changes: Any) -> Received:
    """The event at this place in the partition; `of` is the number of its call."""
    body = make_body(id=call_id(number if of is None else of), subject=subject, **changes)
    return delivered(number, body=body)


async def test_a_damaged_cell_costs_its_own_calls_and_a_redrive_posts_them(
    consumer: Consumer,
) -> None:
    await consumer.read([event(0, "ann"), event(1, "bob")])
    rows = await damage(consumer.storage, "ledger", "d|ann|", rev="x")
    batch = [event(2 + n, "ann" if n % 3 == 0 else f"other-{n}") for n in range(9)]
    await consumer.read(batch)

    letters = await consumer.open_letters()
    assert [letter.sequence_number for letter in letters] == [2, 5, 8]
    assert {letter.reason for letter in letters} == {"unexpected_error"}
    assert [letter.event_id for letter in letters] == [call_id(n) for n in (2, 5, 8)]
    assert "ValueError at cells.py" in letters[0].message
    assert (await consumer.partition.row()).sequence_number == 10
    assert (await consumer.partition.counts())["dead_lettered"] == 3
    assert len([key for key in await all_rows(consumer.storage) if key[1].startswith("c|")]) == 8

    # A second life meets all of it again: nothing comes twice.
    before = await all_rows(consumer.storage)
    await Partition(consumer.storage, "again").read(await consumer.metering(), batch)
    assert await all_rows(consumer.storage) == before
    assert len(await consumer.open_letters()) == 3

    # A redrive before the row is mended leaves the letter open, and goes on to the others.
    path = [metering_path(await consumer.metering())]
    after = await redrive(consumer.letters, path, letters[0])
    assert (after.state, after.reason) == (LetterState.OPEN, "unexpected_error")
    await mend(consumer.storage, "ledger", rows, "rev")
    path = [metering_path(await consumer.metering())]
    assert [(await redrive(consumer.letters, path, each)).outcome for each in letters] == [
        "posted"
    ] * 3
    assert await consumer.calls() == 11


@pytest.mark.parametrize("column", ["rank", "tokens", "rev", "adjustments"])
async def test_a_damaged_chain_costs_its_own_call(consumer: Consumer, column: str) -> None:
    """Its neighbours are read with it where a batch has several calls of one subject."""
    await consumer.read([event(n, "ann") for n in range(4)])
    rows = await damage(consumer.storage, "ledger", f"|{call_id(1)}", **{column: "x"})
    stronger = chat_usage(completion=428)
    batch = [event(4 + n, "ann", of=n, usage=stronger) for n in range(4)]
    await consumer.read([*batch, event(8, "ann"), event(9, "bob")])

    [letter] = await consumer.open_letters()
    assert (letter.sequence_number, letter.event_id) == (5, call_id(1))
    counts = await consumer.partition.counts()
    assert (counts["dead_lettered"], counts["corrected"]) == (1, 3)
    if column in rows[0]:
        await mend(consumer.storage, "ledger", rows, column)
    else:
        await damage(consumer.storage, "ledger", f"|{call_id(1)}", **{column: "[]"})
    path = [metering_path(await consumer.metering())]
    assert (await redrive(consumer.letters, path, letter)).outcome == "corrected"
    assert await consumer.calls() == 6


async def test_an_event_that_makes_the_decoder_fail_is_a_letter(
    consumer: Consumer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a fault of a new release would; the release after it redrives the letter."""
    strange = chat_usage(completion=666)
    batch = [event(n, "ann", usage=strange if n == 3 else chat_usage()) for n in range(6)]
    with monkeypatch.context() as patch:
        patch.setattr("pricing_rules.decoding.reported_usage.normalise", _failing_on_666)
        await consumer.read(batch)
    [letter] = await consumer.open_letters()
    assert (letter.sequence_number, letter.event_id) == (3, call_id(3))
    assert letter.message.startswith("KeyError at test_damaged_rows.py:")
    assert await consumer.calls() == 5
    path = [metering_path(await consumer.metering())]
    assert (await redrive(consumer.letters, path, letter)).outcome == "posted"
    assert await consumer.calls() == 6


def _failing_on_666(operation: Operation, usage: Mapping[str, Any], model: str | None) -> Usage:
    if usage["completion_tokens"] == 666:
        raise KeyError("a fault of ours")
    return normalise(operation, usage, model)


async def test_a_letter_that_cannot_be_kept_holds_the_batch_until_it_can(
    consumer: Consumer,
) -> None:
    await consumer.read([event(0, "ann")])
    await damage(consumer.storage, "ledger", "d|ann|", rev="x")
    consumer.letters = failing = DeadLettersThatFailOnce()
    await consumer.read([event(1, "bob"), event(2, "ann"), event(3, "bob")])
    assert failing.failed
    assert [letter.sequence_number for letter in await consumer.open_letters()] == [2]
    assert (await consumer.partition.row()).sequence_number == 3


async def test_a_row_that_cannot_be_projected_is_left_to_rebuild(
    consumer: Consumer, caplog: pytest.LogCaptureFixture
) -> None:
    await consumer.read([event(n, subject) for n, subject in enumerate(PEOPLE)])
    rows = await damage(consumer.storage, "monthly", "user-3|")
    [days] = [[name for name in row if name.startswith("r")] for row in rows]
    await damage(consumer.storage, "monthly", "user-3|", **dict.fromkeys(days, "no revisions"))
    caplog.set_level(logging.ERROR)
    await consumer.read([event(10 + n, subject) for n, subject in enumerate(PEOPLE)])

    assert (await consumer.partition.row()).sequence_number == 19
    assert await consumer.open_letters() == []
    [left] = [each for each in caplog.records if getattr(each, "action", "") == "projection_failed"]
    assert "user-3" in left.getMessage()
    rebuilt = await rebuild_monthly(consumer.storage)
    assert (rebuilt.rows, rebuilt.written) == (len(PEOPLE), 1)
    assert await consumer.calls() == 20


async def test_a_chain_that_names_no_cell_keeps_no_other_cell_from_being_projected(
    consumer: Consumer,
) -> None:
    await consumer.read([event(0, "ann"), event(1, "bob")])
    rows = await damage(consumer.storage, "ledger", f"|{call_id(0)}", cell="no key of a cell")
    await consumer.read([event(2, "ann", of=0), event(3, "bob")])
    assert (await consumer.partition.row()).sequence_number == 3
    await mend(consumer.storage, "ledger", rows, "cell")
    assert await consumer.calls() == 3


async def test_what_fails_for_everybody_is_stopped_and_not_drained_into_letters(
    consumer: Consumer,
) -> None:
    await consumer.read([event(n, subject) for n, subject in enumerate(PEOPLE)])
    rows = await damage(consumer.storage, "ledger", "d|", rev="x")
    small = {"DEAD_LETTER_WINDOW_EVENTS": "40", "DEAD_LETTERS_OF_A_SENDER_MAX": "10"}
    many = [event(10 + n, PEOPLE[n % len(PEOPLE)]) for n in range(400)]
    with pytest.raises(TooManyDeadLetters, match="DEAD_LETTER_PERCENT_MAX"):
        await consumer.read(many, **small)

    letters = await consumer.open_letters()
    assert 40 <= len(letters) <= 90
    # What has become a letter is behind the position; all else comes again.
    assert (await consumer.partition.row()).sequence_number == letters[-1].sequence_number
    await mend(consumer.storage, "ledger", rows, "rev")
    await consumer.read(many[len(letters) :])
    path = [metering_path(await consumer.metering())]
    assert {(await redrive(consumer.letters, path, each)).outcome for each in letters} == {"posted"}
    assert await consumer.calls() == 410


async def test_one_subject_that_fails_stops_nobody_however_many_its_events_are(
    consumer: Consumer,
) -> None:
    await consumer.read([event(0, "ann")])
    await damage(consumer.storage, "ledger", "d|ann|", rev="x")
    small = {"DEAD_LETTER_WINDOW_EVENTS": "40", "DEAD_LETTERS_OF_A_SENDER_MAX": "10"}
    batch = [event(1 + n, "ann" if n % 10 else f"other-{n}") for n in range(300)]
    await consumer.read(batch, **small)
    assert (await consumer.partition.row()).sequence_number == 300
    assert len(await consumer.open_letters()) == 270
