"""Every fault does what its row in docs/broker.md says: one test each, on the wire."""

import asyncio
from datetime import timedelta

import pytest

from local_stack.broker import Broker
from local_stack.broker.amqp.messages import APPLICATION_PROPERTIES
from local_stack.broker.amqp.performatives import Close as CloseFrame
from local_stack.broker.amqp.performatives import Detach as DetachFrame
from local_stack.broker.amqp.performatives import Disposition, Transfer
from local_stack.broker.errors import UnknownTargetError
from local_stack.broker.faults.faults import (
    BlackHole,
    BusyAttach,
    BusySend,
    Clock,
    Close,
    Corrupt,
    Detach,
    Drop,
    FailManagement,
    Freeze,
    Gap,
    LoseAck,
    MuteAck,
    MuteToken,
    Recreate,
    RefuseToken,
    Replay,
    SplitFrames,
    Steal,
    Throttle,
    Trim,
)
from tests.local_stack.broker.conftest import HandClock
from tests.local_stack.broker.wire_client import (
    WireClient,
    conditions,
    event,
    request,
)

OTHER_GROUP = "h/ConsumerGroups/g/Partitions/0"
STORED = 0x24
REFUSED = 0x25


def bodies(broker: Broker, partition: str = "0") -> list[bytes]:
    return [stored.body for stored in broker.read("h", partition)]


async def status(client: WireClient, properties: dict[object, object], body: object) -> object:
    answer = (await client.ask(request("id", properties, body)))[APPLICATION_PROPERTIES]
    assert isinstance(answer, dict)
    return answer["status-code"]


async def test_detach_ends_the_links_in_its_scope_with_its_error(
    broker: Broker, client: WireClient
) -> None:
    await client.attach_sender()
    await client.attach_receiver()
    await client.attach_receiver(OTHER_GROUP, handle=2)
    assert broker.inject(Detach(group="g", condition="amqp:not-found")) == 1
    gone = await client.expect(DetachFrame)
    assert (gone.handle, gone.closed) == (2, True)
    assert conditions(gone.error) == "amqp:not-found"
    assert broker.inject(Detach(role="sender")) == 1
    assert (await client.expect(DetachFrame)).handle == 0


async def test_close_ends_connections_with_an_error(broker: Broker, client: WireClient) -> None:
    assert broker.inject(Close()) == 1
    assert conditions((await client.expect(CloseFrame)).error) == "amqp:connection:forced"
    assert await client.ended() is None


async def test_drop_resets_as_many_connections_as_told(broker: Broker, client: WireClient) -> None:
    async with WireClient.authorized(broker.port) as other:
        await other.attach_receiver()
        assert broker.inject(Drop(partition="1")) == 0
        assert broker.inject(Drop(partition="0", count=1)) == 1
        assert await other.ended() is ConnectionResetError
        assert broker.inject(Drop()) == 1
        assert await client.ended() is ConnectionResetError


async def test_black_hole_swallows_all_and_clearing_it_resets(
    broker: Broker, client: WireClient
) -> None:
    await client.attach_receiver()
    assert broker.inject(BlackHole(hub="h")) == 1
    broker.append("h", [b"unseen"], partition="0")
    client.send(DetachFrame(handle=1, closed=True))
    assert await client.silent_for(0.1)
    async with WireClient.authorized(broker.port) as new:
        await new.attach_receiver(OTHER_GROUP)
        assert await new.bodies(1) == [b"unseen"]
    broker.clear_faults()
    assert await client.ended() is ConnectionResetError


async def test_black_hole_may_swallow_new_connections(broker: Broker) -> None:
    broker.inject(BlackHole(hub="h", new=True))
    reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
    client = WireClient(reader, writer)
    writer.write(b"AMQP\x03\x01\x00\x00")
    assert await client.silent_for(0.1)
    broker.clear_faults()
    assert await client.ended() is ConnectionResetError
    writer.close()


async def test_steal_takes_the_partition_until_cleared(broker: Broker, client: WireClient) -> None:
    await client.attach_receiver(epoch=3)
    assert broker.inject(Steal(partition="0", group="$Default")) == 1
    assert conditions((await client.expect(DetachFrame)).error) == "amqp:link:stolen"
    refused = await client.attach_receiver(epoch=3, handle=2)
    assert refused.source is None
    assert conditions((await client.expect(DetachFrame)).error) == "amqp:link:stolen"
    broker.clear_faults()
    assert (await client.attach_receiver(epoch=3, handle=3)).source is not None


async def test_recreate_starts_from_zero_and_refuses_old_positions(
    broker: Broker, client: WireClient
) -> None:
    broker.append("h", [b"1", b"2"], partition="0")
    await client.attach_receiver()
    await client.bodies(2)
    assert broker.inject(Recreate(hub="h")) == 1
    assert conditions((await client.expect(DetachFrame)).error) == "amqp:not-found"
    assert bodies(broker) == []
    await client.attach_receiver(handle=2, selector="offset > '90'")
    assert conditions((await client.expect(DetachFrame)).error) == "com.microsoft:argument-error"
    broker.append("h", [b"new"], partition="0")
    assert [stored.sequence_number for stored in broker.read("h", "0")] == [0]


async def test_trim_drops_the_oldest_and_a_start_before_them_is_at_the_first_left(
    broker: Broker, client: WireClient
) -> None:
    broker.append("h", [b"0", b"1", b"2"], partition="0")
    assert broker.inject(Trim(partition="0", before=2)) == 2
    await client.attach_receiver()
    assert await client.bodies(1) == [b"2"]
    assert broker.inject(Trim()) == 1
    assert bodies(broker) == []
    assert broker.log("h", "0").last_sequence_number == 2


async def test_gap_leaves_sequence_numbers_out(broker: Broker) -> None:
    broker.append("h", [b"a"], partition="0")
    assert broker.inject(Gap(partition="0", count=5)) == 1
    broker.append("h", [b"b"], partition="0")
    assert [stored.sequence_number for stored in broker.read("h", "0")] == [0, 6]
    assert [stored.body for stored in broker.read("h", "0", from_sequence_number=3)] == [b"b"]


async def test_clock_shifts_enqueued_times_until_cleared(broker: Broker, clock: HandClock) -> None:
    broker.inject(Clock(shift_s=-3600))
    broker.append("h", [b"a"], partition="0")
    broker.clear_faults()
    broker.append("h", [b"b"], partition="0")
    times = [stored.enqueued_time for stored in broker.read("h", "0")]
    assert times == [clock.now - timedelta(hours=1), clock.now]


async def test_busy_send_rejects_as_often_as_told_and_stores_nothing(
    broker: Broker, client: WireClient
) -> None:
    await client.attach_sender("h/Partitions/0")
    broker.inject(BusySend(times=2))
    for descriptor in (REFUSED, REFUSED, STORED):
        outcome = (await client.publish(b"x")).state
        assert outcome is not None
        assert outcome.descriptor == descriptor
        assert ("server-busy" in repr(outcome)) is (descriptor == REFUSED)
    assert bodies(broker) == [b"x"]


async def test_busy_attach_refuses_the_role_it_names(broker: Broker, client: WireClient) -> None:
    broker.inject(BusyAttach(role="receiver"))
    assert (await client.attach_sender()).target is not None
    assert (await client.attach_receiver()).source is None
    assert conditions((await client.expect(DetachFrame)).error) == "com.microsoft:server-busy"
    assert (await client.attach_receiver(handle=2)).source is not None


async def test_lose_ack_stores_and_resets(broker: Broker, client: WireClient) -> None:
    await client.attach_sender("h/Partitions/0")
    broker.inject(LoseAck())
    client.transfer(0, event(b"kept"))
    assert await client.ended() is ConnectionResetError
    assert bodies(broker) == [b"kept"]


async def test_mute_ack_stores_and_says_nothing(broker: Broker, client: WireClient) -> None:
    await client.attach_sender("h/Partitions/0")
    broker.inject(MuteAck())
    client.transfer(0, event(b"first"))
    second = client.transfer(0, event(b"second"))
    assert (await client.expect(Disposition)).first == second
    assert bodies(broker) == [b"first", b"second"]


async def test_refuse_token_answers_with_its_status(broker: Broker) -> None:
    broker.inject(RefuseToken(hub="h"))
    async with WireClient.connected(broker.port) as client:
        await client.open_requests("$cbs")
        put: dict[object, object] = {"operation": "put-token"}
        assert await status(client, put | {"name": "sb://localhost/other"}, "token") == 202
        put |= {"name": "sb://localhost:5672/h/ConsumerGroups/g/Partitions/0"}
        assert await status(client, put, "SharedAccessSignature x") == 401
        assert await status(client, put, "SharedAccessSignature x") == 202


async def test_mute_token_keeps_the_answer_back(broker: Broker) -> None:
    broker.inject(MuteToken())
    async with WireClient.connected(broker.port) as client:
        await client.open_requests("$cbs")
        put = request("muted", {"operation": "put-token"}, "SharedAccessSignature x")
        client.transfer(10, put)
        answer = await client.ask(request("heard", {"operation": "put-token"}, "token"))
        assert "heard" in repr(answer)


async def test_fail_management_answers_with_its_status(broker: Broker, client: WireClient) -> None:
    await client.open_requests("$management", handle=20)
    read = request("i", {"operation": "READ", "type": "com.microsoft:eventhub", "name": "h"}, None)
    broker.inject(FailManagement(status=503))
    assert "'status-code': 503" in repr(await client.ask(read, handle=20))
    assert "'status-code': 200" in repr(await client.ask(read, handle=20))


async def test_freeze_holds_a_partition_until_cleared(broker: Broker, client: WireClient) -> None:
    broker.inject(Freeze(partition="0"))
    await client.attach_receiver()
    await client.attach_receiver("h/ConsumerGroups/$Default/Partitions/1", handle=2)
    broker.append("h", [b"held"], partition="0")
    broker.append("h", [b"free"], partition="1")
    assert await client.bodies(1) == [b"free"]
    assert await client.silent_for(0.1)
    broker.clear_faults()
    assert await client.bodies(1) == [b"held"]


async def test_throttle_limits_what_a_receiver_gets_a_second(
    broker: Broker, client: WireClient
) -> None:
    broker.append("h", [b"%d" % index for index in range(60)], partition="0")
    broker.inject(Throttle(events_per_s=100))
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    await client.attach_receiver()
    await client.bodies(60)
    assert loop.time() - start_s >= 0.45, "60 events at 100 a second, the first 10 at once"


async def test_replay_starts_a_receiver_earlier_once(broker: Broker, client: WireClient) -> None:
    broker.append("h", [b"0", b"1", b"2"], partition="0")
    broker.inject(Replay(events=2))
    await client.attach_receiver(selector="sequence-number > '2'")
    assert await client.bodies(2) == [b"1", b"2"]
    await client.attach_receiver(handle=2, selector="sequence-number > '1'")
    assert await client.bodies(1) == [b"2"]


async def test_corrupt_changes_what_is_delivered_not_what_is_stored(
    broker: Broker, client: WireClient
) -> None:
    broker.append("h", [b"abc", b"abc"], partition="0")
    broker.inject(Corrupt(from_end=2))
    await client.attach_receiver()
    assert await client.bodies(2) == [b"a\x9dc", b"abc"]
    assert bodies(broker) == [b"abc", b"abc"]


async def test_split_frames_cuts_deliveries_small(broker: Broker, client: WireClient) -> None:
    broker.append("h", [bytes(1000)], partition="0")
    broker.inject(SplitFrames(bytes=128))
    await client.attach_receiver()
    frames = 0
    more: bool | None = True
    while more:
        performative, payload = await client.receive()
        assert isinstance(performative, Transfer)
        assert len(payload) <= 128
        more = performative.more
        frames += 1
    assert frames > 10


async def test_a_fault_in_no_hub_is_an_error(broker: Broker) -> None:
    with pytest.raises(UnknownTargetError, match="absent"):
        broker.inject(Recreate(hub="absent"))
