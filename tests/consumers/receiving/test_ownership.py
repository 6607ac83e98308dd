"""Two owners of one partition: whatever they do, each event counts once."""

from local_stack.broker.faults.faults import BlackHole, BusyAttach, Detach, Recreate, Replay, Steal
from table_api.consumer_state.progress import Count
from tests.consumers.conftest import HUB, Stage
from tests.fixtures.builders import call_id, make_body


async def test_a_stolen_partition_is_counted_once_by_two_owners(stage: Stage) -> None:
    """Small batches keep the first owner busy long after the second one has its partitions."""
    stage.fill(1_500, partition="0")
    stage.fill(1_500, partition="1", first=1_500)
    async with stage.consuming(batch_events_max=20), stage.process() as second:
        await second.says("partition_claimed")
        stage.fill(100, partition="0", first=3_000)
        stage.fill(100, partition="1", first=3_100)
        counts = await stage.counts(3_200)
    # Who loses the race posts duplicates, which are not received twice.
    assert counts["received"] == 3_200
    assert counts["posted"] + counts.get("duplicates", 0) == 3_200
    report = await stage.audit()
    assert report.ok, report.render()
    assert report.calls == 3_200


async def test_a_partition_taken_by_a_higher_epoch_is_taken_up_again(stage: Stage) -> None:
    stage.fill(100)
    async with stage.consuming():
        await stage.counts(100)
        stage.broker.inject(Steal(hub=HUB, partition="0"))
        stage.fill(100, first=100)
        stage.broker.clear_faults()
        assert await stage.counts(200) == {"received": 200, "posted": 200}


async def test_events_delivered_again_after_a_detach_are_dropped(stage: Stage) -> None:
    async with stage.consuming():
        stage.fill(500)
        await stage.counts(500)
        for number in range(4):  # the fourth ends a partition under the SDK's own retry budget
            stage.broker.inject(Replay(hub=HUB, events=50))
            stage.broker.inject(Detach(hub=HUB))
            stage.fill(10, first=500 + number * 10)
            await stage.counts(510 + number * 10)
        assert await stage.counts(540) == {"received": 540, "posted": 540}


async def test_a_refused_attach_is_noticed_and_ends_in_a_new_client(stage: Stage) -> None:
    """The SDK retries it for ever and calls no handler."""
    stage.broker.inject(BusyAttach(hub=HUB, role="receiver", times=None))
    stage.fill(20)
    async with stage.process(STALL_S="2") as consumer:
        stalled = await consumer.says("partition_stalled")
        assert stalled["level"] == "error"
        assert "partition 0" in stalled["message"]
        stage.broker.clear_faults()
        assert await stage.counts(20) == {"received": 20, "posted": 20}


async def test_a_consumer_that_never_gets_an_event_exits_for_its_platform(stage: Stage) -> None:
    stage.fill(1)
    async with stage.process(
        STALL_S="0.1", MONITOR_INTERVAL_S="0.1", CONSUMER_GROUP="no-such"
    ) as it:
        assert await it.exit_code(within_s=60) == 4


async def test_a_silent_connection_is_replaced(stage: Stage) -> None:
    async with stage.consuming(stall_s=2.0):
        stage.fill(10)
        await stage.counts(10)
        stage.broker.inject(BlackHole(hub=HUB, partition="0"))
        stage.fill(10, first=10)
        assert await stage.counts(20) == {"received": 20, "posted": 20}


async def test_a_hub_made_anew_is_read_from_its_first_event(stage: Stage) -> None:
    stage.fill(50)
    async with stage.consuming():
        await stage.counts(50)
    stage.broker.inject(Recreate(hub=HUB))
    stage.fill(80, first=100)  # its numbers pass the old checkpoint: only its birth tells
    async with stage.consuming():
        assert await stage.counts(130) == {"received": 130, "posted": 130}
        stage.broker.inject(Recreate(hub=HUB))
        bodies = [make_body(id=call_id(number)) for number in range(300, 310)]
        stage.broker.append(HUB, bodies, partition="0")
        assert await stage.counts(140) == {"received": 140, "posted": 140}
    assert await stage.counted(Count.DUPLICATES) == 0
