"""Who may read a partition, on the wire."""

import pytest

from local_stack.broker import Broker
from local_stack.broker.amqp.performatives import Detach
from tests.local_stack.broker.wire_client import WireClient, conditions

STOLEN = "amqp:link:stolen"


@pytest.mark.parametrize(("new_epoch", "winner"), [(4, "old"), (5, "new"), (6, "new")])
async def test_an_equal_or_higher_epoch_wins_and_a_lower_is_refused(
    broker: Broker, client: WireClient, new_epoch: int, winner: str
) -> None:
    await client.attach_receiver(handle=1, epoch=5)
    async with WireClient.authorized(broker.port) as other:
        accepted = (await other.attach_receiver(epoch=new_epoch)).source is not None
        assert accepted is (winner == "new")
        loser = client if winner == "new" else other
        assert conditions((await loser.expect(Detach)).error) == STOLEN
        broker.append("h", [b"x"], partition="0")
        assert await (other if winner == "new" else client).bodies(1) == [b"x"]


async def test_an_epoch_ends_receivers_without_one_and_keeps_them_out(
    broker: Broker, client: WireClient
) -> None:
    await client.attach_receiver(handle=1)
    await client.attach_receiver(handle=2)
    async with WireClient.authorized(broker.port) as owner:
        assert (await owner.attach_receiver(epoch=0)).source is not None
        assert {(await client.expect(Detach)).handle for _ in range(2)} == {1, 2}
        assert (await client.attach_receiver(handle=4)).source is None
        assert conditions((await client.expect(Detach)).error) == STOLEN


async def test_a_sixth_receiver_without_an_epoch_is_refused_until_one_leaves(
    client: WireClient,
) -> None:
    for handle in range(1, 6):
        assert (await client.attach_receiver(handle=handle)).source is not None
    assert (await client.attach_receiver(handle=6)).source is None
    assert conditions((await client.expect(Detach)).error) == "amqp:resource-limit-exceeded"
    client.send(Detach(handle=1, closed=True))
    await client.expect(Detach)
    assert (await client.attach_receiver(handle=7)).source is not None


async def test_groups_and_partitions_are_apart(client: WireClient) -> None:
    for handle, address in enumerate(
        ("$Default/Partitions/0", "$Default/Partitions/1", "g/Partitions/0"), start=1
    ):
        answer = await client.attach_receiver(f"h/ConsumerGroups/{address}", handle=handle, epoch=1)
        assert answer.source is not None


async def test_a_lost_connection_gives_its_epoch_up(broker: Broker) -> None:
    async with WireClient.authorized(broker.port) as gone:
        await gone.attach_receiver(epoch=9)
    async with WireClient.authorized(broker.port) as client:
        assert (await client.attach_receiver(epoch=1)).source is not None
