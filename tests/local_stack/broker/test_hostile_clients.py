"""Clients that send nonsense: each is refused or cut off, the broker serves the next one."""

import asyncio
import random
from typing import Any

import pytest

from local_stack.broker import Broker
from local_stack.broker.amqp.frames import SASL_FRAME, frame
from local_stack.broker.amqp.messages import BATCH_FORMAT
from local_stack.broker.amqp.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    End,
    Flow,
    Open,
    SaslInit,
    Transfer,
)
from local_stack.broker.amqp.types import Symbol
from local_stack.broker.serving.connection import AMQP_HEADER, SASL_HEADER
from tests.local_stack.broker.wire_client import (
    GROUP,
    WireClient,
    batch,
    event,
    request,
    source,
    target,
)

CLIENTS = 300
TELLING_BYTES = (0x00, 0x40, 0x45, 0x53, 0x73, 0x80, 0xC0, 0xE0, 0xF0, 0xFF)
"""Constructors, lengths and their limits."""


def credit(handle: int) -> bytes:
    flow = Flow(
        next_incoming_id=0,
        incoming_window=100,
        next_outgoing_id=0,
        outgoing_window=9,
        handle=handle,
        delivery_count=0,
        link_credit=50,
    )
    return frame(1, flow)


def transfer(handle: int, payload: bytes, message_format: int = 0) -> bytes:
    performative = Transfer(
        handle=handle, delivery_id=handle, delivery_tag=b"t", message_format=message_format
    )
    return frame(1, performative, payload=payload)


READ: dict[object, object] = {
    "operation": "READ",
    "type": "com.microsoft:partition",
    "name": "h",
    "partition": "0",
}
CONVERSATION = (
    SASL_HEADER,
    frame(0, SaslInit(mechanism=Symbol("ANONYMOUS")), kind=SASL_FRAME),
    AMQP_HEADER,
    frame(0, Open(container_id="c")),
    frame(1, Begin(next_outgoing_id=0, incoming_window=100, outgoing_window=100)),
    frame(1, Attach(name="o", handle=10, role=False, target=target("$cbs"))),
    frame(1, Attach(name="i", handle=11, role=True, source=source("$cbs"))),
    credit(11),
    transfer(10, request(b"x", {"operation": "put-token"}, "token")),
    frame(1, Attach(name="s", handle=0, role=False, target=target("h"))),
    transfer(0, batch(b"a", b"b"), BATCH_FORMAT),
    transfer(0, event(b"c")),
    frame(1, Attach(name="r", handle=1, role=True, source=source(GROUP, "offset > '-1'"))),
    credit(1),
    frame(1, Attach(name="mo", handle=20, role=False, target=target("$management"))),
    frame(1, Attach(name="mi", handle=21, role=True, source=source("$management"))),
    credit(21),
    transfer(20, request("m", READ, None)),
    frame(1, Detach(handle=1, closed=True)),
    frame(1, End()),
    frame(0, Close()),
)
"""All a client may say, in order."""


def spoiled(dice: random.Random) -> bytes:
    """The conversation with a few of its bytes changed, frames left out, doubled or cut."""
    frames = list(CONVERSATION)
    for _ in range(dice.randint(1, 3)):
        at = dice.randrange(len(frames))
        match dice.choice(("change", "change", "change", "drop", "double", "cut")):
            case "change":
                data = bytearray(frames[at])
                for _ in range(dice.randint(1, 3)):
                    data[dice.randrange(len(data))] = dice.choice(TELLING_BYTES)
                frames[at] = bytes(data)
            case "drop":
                del frames[at]
            case "double":
                frames.insert(at, frames[at])
            case "cut":
                frames[at] = frames[at][: dice.randrange(len(frames[at]))]
    return b"".join(frames)


@pytest.mark.parametrize("seed", range(3))
async def test_no_conversation_breaks_the_broker(broker: Broker, seed: int) -> None:
    failures: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: failures.append(context))
    dice = random.Random(seed)
    for _ in range(CLIENTS):
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.write(spoiled(dice))
        writer.write_eof()
        while await asyncio.wait_for(reader.read(65_536), 5):
            pass
        writer.close()
    assert failures == []
    async with WireClient.authorized(broker.port) as client:
        await client.attach_sender()
        assert (await client.publish(b"still served")).state is not None


@pytest.mark.parametrize(
    "code_point", [b"\xff\xff\xff\xff", b"\x00\x11\x00\x00"], ids=["overflow", "past Unicode"]
)
async def test_a_character_that_does_not_exist_closes_the_connection(
    broker: Broker, code_point: bytes
) -> None:
    async with WireClient.connected(broker.port) as client:
        client.writer.write(b"\0\0\0\x0d\2\0\0\1" + b"\x73" + code_point)
        await client.expect(Close)


async def test_a_negative_handle_closes_the_connection(broker: Broker) -> None:
    async with WireClient.connected(broker.port) as client:
        attach = frame(1, Attach(name="x", handle=5, role=True))
        client.writer.write(attach.replace(b"\x52\x05", b"\x55\xff"))
        await client.expect(Close)
