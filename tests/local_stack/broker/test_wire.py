"""What the broker puts on the wire, frame by frame."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from local_stack.broker import Broker, running_broker
from local_stack.broker.amqp.frames import EMPTY_FRAME
from local_stack.broker.amqp.messages import APPLICATION_PROPERTIES, BATCH_FORMAT, PROPERTIES
from local_stack.broker.amqp.performatives import (
    Attach,
    Begin,
    Close,
    Detach,
    Disposition,
    End,
    Flow,
    Transfer,
)
from local_stack.broker.amqp.types import ULong
from local_stack.broker.faults.faults import Trim
from local_stack.broker.serving.connection import AMQP_HEADER
from tests.local_stack.broker.conftest import CONFIG, HandClock
from tests.local_stack.broker.wire_client import (
    CHANNEL,
    GROUP,
    WireClient,
    batch,
    conditions,
    event,
    field_count,
    request,
    source,
    target,
)

FIELDS = {0x10: 10, 0x11: 8, 0x12: 14, 0x13: 11, 0x14: 11, 0x15: 6, 0x16: 3, 0x17: 1, 0x18: 1}
"""How many fields pyamqp counts on, by descriptor."""


async def test_every_performative_has_its_full_field_list(
    broker: Broker, client: WireClient
) -> None:
    broker.append("h", [b"1", b"2" * 70_000], partition="0")
    await client.attach_sender()
    await client.publish(b"x")
    await client.attach_receiver()
    await client.bodies(2)
    client.send(Detach(handle=1, closed=True))
    await client.expect(Detach)
    client.send(End())
    await client.expect(End)
    client.send(Close(), on=0)
    await client.expect(Close)
    amqp = [body for body in client.raw if body[2] < 0x40]
    assert {body[2] for body in amqp} == FIELDS.keys()
    for body in amqp:
        assert body[:2] == b"\x00\x53", "the descriptor is a smallulong"
        assert body[3] in (0xC0, 0xD0), "the list is no list0"
        assert field_count(body) == FIELDS[body[2]]


async def test_a_refused_attach_has_no_source_and_no_target_and_is_detached(
    client: WireClient,
) -> None:
    answer = await client.attach_receiver("h/ConsumerGroups/absent/Partitions/0")
    assert answer.source is None
    assert answer.target is None
    detach = await client.expect(Detach)
    assert detach.closed
    assert conditions(detach.error) == "amqp:not-found"


@pytest.mark.parametrize(
    ("address", "selector", "condition"),
    [
        ("absent/ConsumerGroups/$Default/Partitions/0", None, "amqp:not-found"),
        ("h/ConsumerGroups/$Default/Partitions/2", None, "amqp:not-found"),
        ("h/ConsumerGroups/$Default/Partitions/00", None, "amqp:not-found"),
        ("h", None, "amqp:not-found"),
        (GROUP, "offset > '99'", "com.microsoft:argument-error"),
        (GROUP, "sequence-number > '0'", "com.microsoft:argument-error"),
        (GROUP, "colour > '0'", "com.microsoft:argument-error"),
    ],
)
async def test_a_receiver_of_nothing_is_refused(
    client: WireClient, address: str, selector: str | None, condition: str
) -> None:
    answer = await client.attach_receiver(address, selector=selector)
    assert answer.source is None
    assert conditions((await client.expect(Detach)).error) == condition


@pytest.mark.parametrize("selector", ["offset > '{offset}'", "sequence-number > '{number}'"])
async def test_a_start_at_the_last_event_is_good_though_it_has_gone(
    broker: Broker, client: WireClient, selector: str
) -> None:
    broker.append("h", [b"0", b"1"], partition="0")
    last = broker.read("h", "0")[-1]
    broker.inject(Trim())
    start = selector.format(offset=last.offset, number=last.sequence_number)
    assert (await client.attach_receiver(selector=start)).source is not None
    broker.append("h", [b"2"], partition="0")
    assert await client.bodies(1) == [b"2"]


async def test_a_client_without_a_token_is_refused(broker: Broker) -> None:
    async with WireClient.connected(broker.port) as client:
        await client.attach_sender()
        assert conditions((await client.expect(Detach)).error) == "amqp:unauthorized-access"


async def test_url_addresses_mean_their_path(client: WireClient) -> None:
    answer = await client.attach_sender("amqps://localhost:5671/h/Partitions/1")
    assert answer.target is not None
    assert (await client.publish(b"x")).state is not None


@pytest.mark.parametrize(
    "message_id", [ULong(7), UUID(int=5), "seven", b"seven"], ids=lambda value: type(value).__name__
)
async def test_an_answer_carries_the_id_with_its_type(
    client: WireClient, message_id: object
) -> None:
    await client.open_requests("$management", handle=20)
    asked = request(
        message_id, {"operation": "READ", "type": "com.microsoft:eventhub", "name": "h"}, None
    )
    answer = await client.ask(asked, handle=20)
    properties, status = answer[PROPERTIES], answer[APPLICATION_PROPERTIES]
    assert isinstance(properties, list)
    assert isinstance(status, dict)
    assert (properties[5], type(properties[5])) == (message_id, type(message_id))
    assert status["status-code"] == 200


async def test_an_answer_goes_to_the_link_the_request_names(client: WireClient) -> None:
    await client.open_requests("$management", handle=20)
    named = Attach(
        name="named",
        handle=30,
        role=True,
        source=source("$management"),
        target=target("reply-here"),
    )
    client.send(named)
    await client.expect(Attach)
    client.credit(30, 10)
    read: dict[object, object] = {"operation": "READ", "type": "com.microsoft:eventhub"}
    for reply_to, handle in (("reply-here", 30), (None, 21)):
        client.transfer(20, request("id", read | {"name": "h"}, None, reply_to=reply_to))
        answer, _ = await client.message()
        assert answer.handle == handle


async def test_a_new_receiver_gets_nothing_that_has_expired(
    broker: Broker, client: WireClient, clock: HandClock
) -> None:
    broker.append("h", [b"old"], partition="0")
    clock.advance(timedelta(hours=23))
    broker.append("h", [b"young"], partition="0")
    clock.advance(timedelta(hours=1, seconds=1))
    await client.attach_receiver()
    assert await client.bodies(1) == [b"young"]


async def test_a_message_of_many_frames_arrives_whole_both_ways(client: WireClient) -> None:
    body = bytes(range(256)) * 2000
    message = event(body)
    await client.attach_sender("h/Partitions/0")
    for start in range(0, len(message), 10_000):
        client.send(
            Transfer(
                handle=0,
                delivery_id=0,
                delivery_tag=b"t",
                settled=False,
                more=start + 10_000 < len(message),
            ),
            message[start : start + 10_000],
        )
    await client.expect(Disposition)
    await client.attach_receiver()
    assert await client.bodies(1) == [body]


async def test_an_aborted_delivery_is_not_stored(broker: Broker, client: WireClient) -> None:
    await client.attach_sender("h/Partitions/0")
    client.send(Transfer(handle=0, delivery_id=0, delivery_tag=b"a", more=True), event(b"half"))
    client.send(Transfer(handle=0, delivery_id=0, aborted=True))
    client.transfer(0, event(b"whole"))
    await client.expect(Disposition)
    assert [stored.body for stored in broker.read("h", "0")] == [b"whole"]


@pytest.mark.parametrize(("excess", "condition"), [(0, None), (1, "message-size-exceeded")])
async def test_one_mebibyte_is_the_largest_message(
    broker: Broker, client: WireClient, excess: int, condition: str | None
) -> None:
    overhead = len(event(bytes(2**20))) - 2**20
    message = event(bytes(2**20 - overhead + excess))
    assert len(message) == 2**20 + excess
    answer = await client.attach_sender("h/Partitions/0")
    assert answer.max_message_size == 2**20
    for start in range(0, len(message), 60_000):
        more = start + 60_000 < len(message)
        client.send(
            Transfer(handle=0, delivery_id=0, delivery_tag=b"t", settled=False, more=more),
            message[start : start + 60_000],
        )
    outcome = (await client.expect(Disposition)).state
    assert outcome is not None
    if condition is None:
        assert outcome.descriptor == 0x24
        assert len(broker.read("h", "0")) == 1
    else:
        assert outcome.descriptor == 0x25
        assert condition in repr(outcome)
        assert broker.read("h", "0") == []


async def test_deliveries_stop_at_the_credit_and_at_the_window(broker: Broker) -> None:
    broker.append("h", [b"%d" % index for index in range(10)], partition="0")
    async with WireClient.authorized(broker.port) as client:
        # the token's answer was transfer 0, so a window of 4 from 0 leaves 3
        await client.attach_receiver(credit=0)
        client.credit(1, 8, window=4)
        assert await client.bodies(3) == [b"0", b"1", b"2"]
        assert await client.silent_for(0.1)
        client.credit(1, 5, seen=3, window=100)
        assert await client.bodies(5) == [b"3", b"4", b"5", b"6", b"7"]
        assert await client.silent_for(0.1)


async def test_a_delivery_cut_by_the_window_goes_on_when_it_opens(broker: Broker) -> None:
    body = bytes(200_000)
    broker.append("h", [body, b"after"], partition="0")
    async with WireClient.authorized(broker.port) as client:
        await client.attach_receiver(credit=0)
        client.credit(1, 10, window=3)
        parts = [await client.receive() for _ in range(2)]
        assert all(isinstance(part, Transfer) and part.more for part, _ in parts)
        client.credit(1, 9, seen=1, window=100)
        _, rest = await client.message()
        assert sum(len(payload) for _, payload in parts) + len(rest) > 200_000
        assert await client.bodies(1) == [b"after"]


async def test_the_client_window_is_opened_again(broker: Broker, client: WireClient) -> None:
    await client.attach_sender("h/Partitions/0")
    windows = []
    for index in range(2600):
        client.transfer(0, event(b"x"))
        performative, _ = await client.receive()
        if isinstance(performative, Flow) and performative.handle is None:
            windows.append((index, performative.incoming_window))
    assert windows
    assert windows[0][1] == 5000


async def test_a_drained_link_spends_its_credit(broker: Broker, client: WireClient) -> None:
    broker.append("h", [b"only"], partition="0")
    await client.attach_receiver(credit=0)
    client.send(
        Flow(
            next_incoming_id=0,
            incoming_window=100,
            next_outgoing_id=0,
            outgoing_window=100,
            handle=1,
            delivery_count=0,
            link_credit=10,
            drain=True,
        )
    )
    assert await client.bodies(1) == [b"only"]
    state = await client.expect(Flow)
    assert (state.delivery_count, state.link_credit, state.drain) == (10, 0, True)


async def test_frames_after_the_end_are_ignored(client: WireClient) -> None:
    await client.attach_receiver()
    client.send(End())
    client.send(Detach(handle=1, closed=True))
    client.send(Transfer(handle=9, delivery_id=0))
    await client.expect(End)
    client.send(Begin(next_outgoing_id=0, incoming_window=10, outgoing_window=10))
    assert (await client.expect(Begin)).remote_channel == CHANNEL


async def test_a_transfer_on_no_link_ends_the_session(client: WireClient) -> None:
    client.transfer(9, event(b"x"))
    assert conditions((await client.expect(End)).error) == "amqp:session:unattached-handle"


async def test_a_handle_cannot_be_used_twice(client: WireClient) -> None:
    await client.attach_sender()
    client.send(Attach(name="again", handle=0, role=False, target=target("h")))
    assert conditions((await client.expect(End)).error) == "amqp:session:handle-in-use"


@pytest.mark.parametrize(
    ("data", "condition"),
    [
        pytest.param(bytes((0, 0, 0, 4, 2, 0, 0, 0)), "amqp:connection:framing-error", id="short"),
        pytest.param(b"\xff" * 8, "amqp:connection:framing-error", id="huge"),
        pytest.param(b"\0\0\0\x0c\2\0\0\0\0\x53\x99\xc0", "amqp:decode-error", id="cut"),
        pytest.param(b"\0\0\0\x0d\2\0\0\0\0\x53\x77\xa1\0", "amqp:decode-error", id="no list"),
        pytest.param(b"\0\0\0\x10\2\0\0\0\0\x53\x12\xc0\3\1\x41\0", "amqp:decode-error", id="type"),
    ],
)
async def test_a_malformed_frame_closes_the_connection_with_its_reason(
    client: WireClient, data: bytes, condition: str
) -> None:
    client.writer.write(data)
    assert conditions((await client.expect(Close)).error) == condition
    assert await client.ended() is None


async def test_another_protocol_is_answered_with_the_header_we_speak(broker: Broker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await reader.read() == b"AMQP\x03\x01\x00\x00"
    writer.close()


async def test_a_malformed_event_is_rejected_not_stored(broker: Broker, client: WireClient) -> None:
    await client.attach_sender("h/Partitions/0")
    client.transfer(0, batch(b"good") + b"\x00\x53\x75\xa0\xff", message_format=BATCH_FORMAT)
    assert "decode-error" in repr((await client.expect(Disposition)).state)
    assert broker.read("h", "0") == []


async def test_an_annotation_the_codec_cannot_write_is_rejected(client: WireClient) -> None:
    await client.attach_sender()
    array_of_lists = b"\xe0\x05\x01\xc0\x02\x01\x40"
    value = b"\xa3\x01x" + array_of_lists
    client.transfer(0, b"\x00\x53\x72\xc1%c\x02" % (len(value) + 1) + value + event(b"x"))
    assert "not-implemented" in repr((await client.expect(Disposition)).state)


async def test_a_quiet_client_is_closed_after_the_idle_timeout_and_a_live_one_is_not() -> None:
    config = replace(CONFIG, idle_timeout_s=1)
    async with (
        running_broker(config=config) as broker,
        WireClient.connected(broker.port, idle_ms=200) as live,
        WireClient.connected(broker.port) as quiet,
    ):
        closed = asyncio.create_task(quiet.expect(Close))
        while not closed.done():
            live.writer.write(EMPTY_FRAME)
            assert await asyncio.wait_for(live.reader.readexactly(8), 1) == EMPTY_FRAME
        assert conditions((await closed).error) == "amqp:connection:forced"


async def test_sasl_may_be_left_out(broker: Broker) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    writer.write(AMQP_HEADER)
    assert await reader.readexactly(8) == AMQP_HEADER
    writer.close()


async def test_properties_of_an_event_reach_the_receiver_as_sent(client: WireClient) -> None:
    await client.attach_sender("h/Partitions/0")
    sent = (
        b"\x00\x53\x70\xc0\x02\x01\x41"
        + b"\x00\x53\x72\xc1\x0a\x02\xa3\x05x-own\xa1\x00"
        + b"\x00\x53\x74\xc1\x06\x02\xa1\x01k\x52\x07"
        + event(b"body")
    )
    client.transfer(0, sent)
    await client.expect(Disposition)
    await client.attach_receiver()
    _, message = await client.message()
    assert message.startswith(sent[:7])
    assert message.endswith(sent[-len(event(b"body")) - 11 :])
    assert b"x-own" in message
