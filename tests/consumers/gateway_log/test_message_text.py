"""What people and models said is in no dead letter of the gateway's log, nor in its reason."""

import json
from typing import Any

import pytest

from consumers.gateway_log.message_text import without_messages
from consumers.receiving.handler import Received
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.gateway_log.test_decode import decode
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME

SAID = "the prompt"
MESSAGES = [{"role": "user", "content": SAID}]
CALL = Call(number=1)


def record(**changes: Any) -> dict[str, Any]:
    """A row of the LLM log whose setting logs messages."""
    row = CALL.llm_record()
    row["properties"] |= {"requestMessages": MESSAGES, "ResponseMessages_s": SAID}
    return row | changes


def as_text(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"properties": json.dumps(row["properties"])}


BAD: dict[str, bytes] = {
    "bad time": envelope(record(time="yesterday")),
    "properties as text": envelope(as_text(record(time="yesterday"))),
    "properties cut": envelope(record(properties=f'{{"requestMessages":["{SAID}')),
    "body cut in the prompt": envelope(record()).partition(SAID.encode())[0] + SAID.encode(),
    "body cut after it": envelope(record())[:-9],
    "not UTF-8": envelope(record()).replace(SAID.encode(), SAID.encode() + b"\xff"),
    "headers and payload": envelope(
        record(time="x"),
        CALL.gateway_record()
        | {
            "properties": {
                "requestHeaders": {"Authorization": SAID},
                "backendRequestBody": SAID,
                "responseBody": SAID,
            }
        },
    ),
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
async def test_a_dead_letter_does_not_hold_what_was_said(body: bytes) -> None:
    assert SAID.encode() in body
    world = await World.over(MemoryTableStorage())
    await world.diagnostics.prepare("0", [Received(1, "", CALL_TIME, body)])()
    [letter] = [each async for each in world.letters.all()]
    kept = await world.letters.body(letter.id)
    assert SAID.encode() not in kept
    assert SAID not in f"{letter.value} {letter.message}"
    assert letter.body_bytes == len(kept)
    # Delivered once more, it is the same letter; and redriven it is this letter again.
    await world.diagnostics.prepare("0", [Received(1, "", CALL_TIME, body)])()
    await world.diagnostics.prepare("0", [Received(1, "", CALL_TIME, kept)])()
    assert [each.id async for each in world.letters.all()] == [letter.id]


KEY = "tell-nobody-key"


@pytest.mark.parametrize(
    "query",
    [
        f"?subscription-key={KEY}",
        f"?api-version=1&Subscription-Key={KEY}&x=1",
        f"?key={KEY}",
        f"?api_key={KEY}#{KEY[:1]}",
        f"?a=b&sig={KEY}",
        f"?key=removed-{KEY}",
        f"?key=removed.{KEY}&x=1",
        f"?Ocp-Apim-Subscription-Key={KEY}",
        f"?client_secret={KEY}",
    ],
)
@pytest.mark.parametrize("form", ["object", "text", "escaped", "cut", "with messages"])
async def test_a_dead_letter_does_not_hold_a_key_of_a_url(query: str, form: str) -> None:
    row = CALL.gateway_record() | {"time": "yesterday"}
    row["properties"] |= {"url": f"https://gateway.example/v1/messages{query}"}
    if form == "with messages":
        row["properties"] |= {"responseBody": SAID}
    body = envelope(as_text(row) if form == "text" else row)
    if form == "escaped":  # as some of .NET's writers do
        body = body.replace(b"&", b"\\u0026")
    if form == "cut":
        body = body[: body.index(KEY.encode()) + len(KEY)]
    world = await World.over(MemoryTableStorage())

    await world.diagnostics.prepare("0", [Received(1, "", CALL_TIME, body)])()

    [letter] = [each async for each in world.letters.all()]
    kept = await world.letters.body(letter.id)
    assert KEY.encode() not in kept
    assert KEY not in f"{letter.value} {letter.message}"
    assert b"/v1/messages?" in kept
    assert without_messages(kept) == kept


def test_a_letter_without_messages_is_kept_to_the_byte() -> None:
    for body in (envelope(CALL.llm_record(), CALL.gateway_record())[:-5], b"\xff\x00", b""):
        assert without_messages(body) is body


def test_the_facts_are_the_same_without() -> None:
    body = envelope(record(), as_text(record()), CALL.gateway_record())
    assert without_messages(body) != body
    assert decode(without_messages(body)).facts == decode(body).facts
