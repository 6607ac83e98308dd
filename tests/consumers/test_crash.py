"""kill -9 between the steps of a batch: everything comes again and counts once."""

from table_api.progress import Count
from tests.consumers.conftest import Stage

KILLS = 3
CALLS_A_ROUND = 400
STREAMED_A_ROUND = 50
NO_SAVES_BY_TIME = {"CHECKPOINT_INTERVAL_S": "600", "BATCH_EVENTS_MAX": "100"}


async def test_three_kills_between_post_and_checkpoint_lose_and_double_nothing(
    stage: Stage,
) -> None:
    for kill in range(KILLS):
        first = kill * (CALLS_A_ROUND + STREAMED_A_ROUND)
        stage.fill(STREAMED_A_ROUND, first=first, stream=True, usage=None)
        stage.fill(CALLS_A_ROUND, first=first + STREAMED_A_ROUND)
        async with stage.process(**NO_SAVES_BY_TIME) as consumer:
            # Posted far enough, and never saved: the kill falls between the two.
            await _reaches(stage, kill * CALLS_A_ROUND + CALLS_A_ROUND // 4)
            consumer.kill()
            await consumer.exit_code()
        assert await stage.progress() == {}
        async with stage.edges() as edges:
            assert await edges.checkpoints.positions() == {}

    posted_before = await stage.entries()
    async with stage.consuming():
        counts = await stage.counts(KILLS * (CALLS_A_ROUND + STREAMED_A_ROUND))
    # Redelivery happened: what the killed ones had posted is met again.
    assert counts["duplicates"] == posted_before
    assert counts["posted"] + counts["duplicates"] == KILLS * CALLS_A_ROUND
    assert counts["deferred"] == KILLS * STREAMED_A_ROUND
    report = await stage.audit()
    assert report.ok, report.render()
    assert report.calls == KILLS * CALLS_A_ROUND


async def _reaches(stage: Stage, entries: int) -> None:
    async def reached() -> bool:
        return await stage.entries() >= entries

    await stage.until(reached)


async def test_a_checkpoint_behind_the_row_counts_nothing_twice(stage: Stage) -> None:
    """A crash between the progress row and the checkpoint, or a zombie's late checkpoint."""
    stage.fill(100, stream=True, usage=None)
    stage.fill(100, first=100)
    async with stage.consuming():
        await stage.counts(200)
    await _set_checkpoint_back(stage)
    stage.fill(1, first=200)
    async with stage.consuming():
        counts = await stage.counts(201)
        assert counts == {"received": 201, "posted": 101, "deferred": 100}
    assert await stage.counted(Count.DUPLICATES) == 0


async def _set_checkpoint_back(stage: Stage) -> None:
    async with stage.edges() as edges:
        address = edges.hub.address
        [event] = stage.broker.read(address.hub, "0", from_sequence_number=20)[:1]
        await edges.checkpoints.update_checkpoint(
            {
                "fully_qualified_namespace": address.host,
                "eventhub_name": address.hub,
                "consumer_group": address.group,
                "partition_id": "0",
                "offset": str(event.offset),
                "sequence_number": event.sequence_number,
            }
        )


async def test_a_consumer_ended_in_the_middle_posts_the_rest_after_a_restart(stage: Stage) -> None:
    stage.fill(3_000)
    async with stage.consuming(batch_events_max=50):
        await _reaches(stage, 100)
    async with stage.consuming():
        counts = await stage.counts(3_000)
    assert counts == {"received": 3_000, "posted": 3_000}
