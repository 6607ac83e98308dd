"""Every bad input: a dead letter or a named state, counted, visible, re-drivable; work goes on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from azure.storage.blob.aio import ContainerClient

from consumers.dead_letters.redrive import redrive
from consumers.metering.metering import Metering, metering_path
from consumers.metering.open_metering import ledger_settings
from consumers.verbs.dead_letter_verbs import list_letters, redrive_letters, show_letter
from table_api.consumer_state.dead_letters import LetterState
from table_api.consumer_state.progress import Count
from table_api.monthly.projected_ledger import ProjectedLedger
from tests.consumers.conftest import HUB, Stage
from tests.consumers.metering.call_ratings import rating
from tests.fixtures.builders import ABSENT, CALL_TIME, call_id, chat_usage, make_body
from tests.fixtures.calls import NOW
from tests.fixtures.damage import damage, mend

GOOD = make_body()


def _at(days: int) -> str:
    return f"{CALL_TIME + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}"


BAD: dict[str, tuple[bytes, str, str]] = {
    # name: (body, reason code, field)
    "truncated JSON": (GOOD[:-40], "not_json", "body"),
    "no JSON": (b"hello", "not_json", "body"),
    "empty": (b"", "not_json", "body"),
    "invalid UTF-8": (GOOD.replace(b"contoso", b"cont\xffso"), "not_utf8", "body"),
    "unknown type": (make_body(type="llm.call.v9"), "unknown_type", "type"),
    "unknown version": (make_body(specversion="2.0"), "unknown_specversion", "specversion"),
    "missing id": (make_body(id=ABSENT), "missing_field", "id"),
    "missing time": (make_body(time=ABSENT), "missing_field", "time"),
    "missing subject": (make_body(subject=ABSENT), "missing_field", "subject"),
    "negative tokens": (make_body(usage=chat_usage(prompt=-1)), "bad_usage", "data.usage."),
    "tokens as text": (make_body(usage={"prompt_tokens": "10"}), "bad_usage", "data.usage."),
    "far past": (make_body(time=_at(-400)), "far_past", "time"),
    "far future": (make_body(time=_at(+2)), "far_future", "time"),
    "no date set": (make_body(time="0001-01-01T00:00:00.0000000Z"), "far_past", "time"),
    "the last date": (make_body(time="9999-12-31T23:59:59.9999999Z"), "far_future", "time"),
    "moved from no date": (
        make_body(
            type="llm.call.completed.v1", completed_from=["trace"], usage=None,
            replaces={"subject": "a", "time": "0001-01-01T00:00:00Z"},
        ), "far_past", "data.replaces.time",
    ),
    "300 KB": (make_body(session="x" * 300_000), "too_large", "body"),
}  # fmt: skip
STRANGE: list[dict[str, Any]] = [
    {"id": "a/b#c?d\\e"},
    {"id": "日本-ü-😀"},
    {"subject": "a|b"},
    {"subject": "x/y#z?\\"},
    {"subject": "Jürgen 😀 %41 'quoted'"},
    {"deployment": "model-of-tomorrow"},
    {"model": "model-of-tomorrow"},
    {"usage": chat_usage(prompt=10, cached=12)},
    {"usage": chat_usage() | {"units_of_tomorrow": 5}},
]


async def test_every_bad_event_is_a_dead_letter_and_the_rest_goes_on(stage: Stage) -> None:
    bodies = [body for body, _, _ in BAD.values()]
    stage.fill(1)
    stage.broker.append(HUB, bodies, partition="0")
    stage.fill(1, first=1)
    async with stage.consuming():
        counts = await stage.counts(len(BAD) + 2)
    assert counts == {"received": len(BAD) + 2, "posted": 2, "dead_lettered": len(BAD)}

    letters = await stage.letters()
    assert [letter.sequence_number for letter in letters] == list(range(1, len(BAD) + 1))
    for (name, (body, code, field)), letter in zip(BAD.items(), letters, strict=True):
        assert letter.reason == code, name
        assert letter.field.startswith(field), name
        assert letter.message, name
        assert letter.state is LetterState.OPEN
        assert letter.body_bytes == len(body)
        async with stage.edges() as edges:
            assert await edges.dead_letters.body(letter.id) == body, name


async def test_strange_but_valid_calls_are_posted(stage: Stage) -> None:
    for number, changes in enumerate(STRANGE):
        body = make_body(**{"id": call_id(number), **changes})
        stage.broker.append(HUB, [body], partition="0")
    async with stage.consuming():
        counts = await stage.counts(len(STRANGE))
    assert counts["posted"] == len(STRANGE)
    assert counts["unpriced"] == 3
    report = await stage.audit()
    assert report.ok, report.render()


async def test_a_letter_that_can_be_rated_now_is_redriven_once(stage: Stage) -> None:
    """As after a new release of the decoder: the stored bytes are good now."""
    stage.broker.append(HUB, [GOOD[:-40]], partition="0")
    async with stage.consuming():
        await stage.counts(1)
    async with stage.edges() as edges:
        [letter] = await stage.letters()
        await _mend(stage, f"{HUB}/{letter.id}")
        metering = Metering(
            hub=HUB,
            rating=rating(edges.tables),
            ledger=await ProjectedLedger.open(
                edges.tables, ledger_settings(stage.settings()), now=_now
            ),
            dead_letters=edges.dead_letters,
            now=_now,
        )
        after = await redrive(edges.dead_letters, [metering_path(metering)], letter)
        assert (after.state, after.outcome) == (LetterState.REDRIVEN, "posted")
        again = await redrive(edges.dead_letters, [metering_path(metering)], letter)
        assert (again.state, again.outcome) == (LetterState.REDRIVEN, "duplicates")
    assert (await stage.audit()).calls == 1


async def _mend(stage: Stage, blob: str) -> None:
    container = stage.environment["DEAD_LETTER_CONTAINER"]
    text = stage.environment["STORAGE_CONNECTION_STRING"]
    async with ContainerClient.from_connection_string(text, container) as client:
        await client.upload_blob(blob, GOOD, overwrite=True)


def _now() -> datetime:
    return NOW


async def test_the_consumer_stops_loudly_past_the_limit(stage: Stage) -> None:
    stage.fill(5)
    stage.broker.append(HUB, [b"{"] * 200, partition="0")
    limits = {
        "DEAD_LETTER_WINDOW_EVENTS": "40",
        "DEAD_LETTERS_OF_A_SENDER_MAX": "20",
        "BATCH_EVENTS_MAX": "30",
    }
    async with stage.process(**limits) as consumer:
        assert await consumer.exit_code() == 3
        [slowed] = consumer.said("partition_slowed")
        [stop] = consumer.said("too_many_dead_letters")
    assert "DEAD_LETTERS_OF_A_SENDER_MAX" in slowed["message"]
    assert "DEAD_LETTER_PERCENT_MAX" in stop["message"]
    assert "dead-letters redrive" in stop["message"]
    # What was read is durable and checkpointed, and the rest is not drained into letters.
    dead = await stage.counted(Count.DEAD_LETTERED)
    assert 60 <= dead <= 120
    async with stage.edges() as edges:
        assert await edges.checkpoints.positions() == {"0": 4 + dead}


async def test_one_callers_odd_usage_stops_nobody(stage: Stage) -> None:
    """As many calls in a row as once stopped the consumer, of a model that counts strangely."""
    stage.fill(201, subject="one-caller", usage=chat_usage(prompt=-1))
    stage.fill(1, first=201)
    async with stage.process() as consumer:
        counts = await stage.counts(202)
        assert consumer.alive
    assert counts == {"received": 202, "posted": 1, "dead_lettered": 201}
    assert consumer.said("partition_slowed") == []


async def test_a_damaged_row_costs_its_own_call_and_the_consumer_lives(stage: Stage) -> None:
    """On Azurite, in a process of its own, and what it made dead is redriven by the verb."""
    stage.fill(1, subject="ann")
    async with stage.consuming():
        await stage.counts(1)
    rows = await damage(stage.storage, "ledger", "d|ann|", rev="x")
    stage.fill(20, first=1)
    stage.fill(1, first=21, subject="ann")
    stage.fill(20, first=22)
    async with stage.process() as consumer:
        counts = await stage.counts(42)
        assert consumer.alive
        [said] = consumer.said("unexpected_error")
    assert said["sequence_number"] == 21
    assert counts["dead_lettered"] == 1
    [letter] = await stage.letters()
    assert (letter.reason, letter.event_id) == ("unexpected_error", call_id(21))
    assert await stage.entries() == 41

    reason = "unexpected_error"
    assert await redrive_letters(stage.settings(), reason=reason) == 1  # it fails again
    await mend(stage.storage, "ledger", rows, "rev")
    assert await redrive_letters(stage.settings(), reason=reason) == 0
    report = await stage.audit()
    assert (report.ok, report.calls) == (True, 42), report.render()


async def test_the_verbs_list_show_and_redrive_a_letter_that_stays_open(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.broker.append(HUB, [b"{oops"], partition="0")
    async with stage.consuming():
        await stage.counts(1)
    settings = stage.settings()
    await list_letters(settings, reason="far_past")
    assert capsys.readouterr().out == ""
    await list_letters(settings, reason="not_json")
    [line] = capsys.readouterr().out.splitlines()
    letter_id = line.split("\t")[0]
    await show_letter(settings, letter_id=letter_id)
    assert "{oops" in capsys.readouterr().out
    assert await redrive_letters(settings, letter_id=letter_id) == 1
    assert "0 redriven, 1 still open" in capsys.readouterr().err
    [letter] = await stage.letters()
    assert letter.state is LetterState.OPEN
