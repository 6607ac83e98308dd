"""What no event should hold is dropped where it is read: no row of any table has it.

Invoices are made of the ledger's rows alone, so what stands in none of them is in no invoice.
"""

import json

from consumers.dead_letters.letter_store import MemoryDeadLetters
from consumers.receiving.handler import Received
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.gateway_log.test_message_text import SAID, record
from tests.consumers.metering.test_metering import metering
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME, call_id, chat_usage, make_document
from tests.fixtures.calls import all_rows

SECRET = "tell-nobody"
TABLES = ("ledger", "monthly", "meta", "opencalls", "deadletters", "people", "progress")


def poured(number: int, *, streamed: bool = False) -> bytes:
    """A usage event with more in it than the contract knows, at every level."""
    more = {name: SECRET for name in ("prompt", "messages", "answer", "authorization", "api_key")}
    # A usage object is the model's own: a word in it may set the price, and a sentence may not.
    said = f"{SECRET} of this"
    usage = None if streamed else chat_usage() | {"text": said, "nested": {"prompt": said}}
    document = make_document(id=call_id(number), stream=streamed, usage=usage)
    document["data"] |= more
    document["data"]["caller"] |= more | {"name": SECRET, "email": SECRET}
    return json.dumps(document | more).encode()


async def test_the_ledger_keeps_no_field_that_it_does_not_know() -> None:
    storage, letters = MemoryTableStorage(), MemoryDeadLetters()
    events = [Received(0, "", ENQUEUED_TIME, poured(0))]
    await (await metering(storage, letters)).prepare("0", events)()
    assert len(await all_rows(storage, "ledger")) == 2  # the call and its cell
    assert [letter async for letter in letters.all()] == []
    assert await holders(storage, SECRET) == []


async def test_pairing_keeps_nothing_of_messages_that_the_gateway_logs() -> None:
    storage = MemoryTableStorage()
    world = await World.over(storage)
    plain = Call(number=1).gateway_record()
    plain["properties"] |= {"requestBody": SAID, "requestHeaders": {"api-key": SAID}}
    body = envelope(record(), plain)
    assert SAID.encode() in body
    await world.diagnostics.prepare("0", [Received(1, "", CALL_TIME, body)])()
    await world.usage.prepare("0", [Received(1, "", ENQUEUED_TIME, poured(1, streamed=True))])()
    assert await all_rows(storage, "opencalls")
    assert await holders(storage, SAID) + await holders(storage, SECRET) == []
    assert not any(SAID.encode() in sent for sent in map(repr_of, world.outbox.sent))


def repr_of(sent: object) -> bytes:
    return repr(sent).encode()


async def holders(storage: MemoryTableStorage, text: str) -> list[str]:
    """The tables with a row that holds the text."""
    return [table for table in TABLES if text in repr(await all_rows(storage, table))]
