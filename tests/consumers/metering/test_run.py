"""Metering from a real broker into a real ledger on Azurite, by the real SDK."""

import time

from local_stack.broker import running_broker
from local_stack.demo.azurite import free_port
from table_api.consumer_state.progress import Count
from tests.consumers.conftest import CONFIG, HUB, HubClock, Stage
from tests.consumers.proxy import StorageProxy
from tests.fixtures.builders import call_id, make_body


async def test_events_from_the_first_on_stand_in_the_ledger_once_each(stage: Stage) -> None:
    stage.fill(300, partition="0")
    stage.fill(300, partition="1", first=300)
    stage.fill(100, partition="1", first=0)  # the same calls by another partition
    async with stage.consuming():
        assert await stage.counts(700) == {"received": 700, "posted": 600, "duplicates": 100}
    report = await stage.audit()
    assert report.ok, report.render()
    assert report.calls == 600


async def test_each_kind_of_call_is_counted_as_what_became_of_it(stage: Stage) -> None:
    stage.fill(3)
    stage.fill(4, first=3, stream=True, usage=None)
    stage.fill(2, first=7, status=429, usage=None)
    stage.fill(1, first=9, deployment="nobody-knows-it")
    async with stage.consuming():
        counts = await stage.counts(10)
    assert counts == {"received": 10, "posted": 6, "deferred": 4, "zero": 2, "unpriced": 1}
    assert (await stage.audit()).calls == 6


async def test_a_restarted_consumer_goes_on_after_the_checkpoint(stage: Stage) -> None:
    stage.fill(50)
    async with stage.consuming():
        await stage.counts(50)
    stage.fill(5, first=50)
    async with stage.consuming():
        assert await stage.counts(55) == {"received": 55, "posted": 55}


async def test_sigterm_drains_checkpoints_and_exits_with_0(stage: Stage) -> None:
    # Nothing is saved by time here: only the end of the process can have done it.
    async with stage.process(CHECKPOINT_INTERVAL_S="600") as consumer:
        await consumer.says("ready")
        stage.fill(200)
        await stage.until(lambda: _holds(stage, 200))
        # The partition without events may be confirmed by now, as one where nothing waits.
        assert "0" not in await stage.progress()
        asked_at = time.monotonic()
        consumer.terminate()
        assert await consumer.exit_code() == 0
        assert time.monotonic() - asked_at < 10
    assert await stage.counted(Count.POSTED) == 200
    async with stage.edges() as edges:
        assert await edges.checkpoints.positions() == {"0": 199}


async def _holds(stage: Stage, entries: int) -> bool:
    return await stage.entries() >= entries


async def test_until_idle_ends_when_caught_up(stage: Stage) -> None:
    stage.fill(20)
    async with stage.process("run", "--until-idle", "1") as consumer:
        assert await consumer.exit_code() == 0
    assert (await stage.audit()).calls == 20


async def test_storage_that_goes_down_is_waited_for_and_nothing_is_lost(stage: Stage) -> None:
    async with StorageProxy.running(stage.environment["STORAGE_CONNECTION_STRING"]) as proxy:
        environment = {"STORAGE_CONNECTION_STRING": proxy.connection_string}
        async with stage.process(**environment) as consumer:
            await consumer.says("ready")
            stage.fill(100)
            await stage.counts(100)
            await proxy.cut()
            stage.fill(100, first=100)
            await consumer.says("storage_unavailable", partition="0")
            assert (await stage.progress())["0"].sequence_number == 99
            stage.fill(100, first=200)
            proxy.mend()
            assert await stage.counts(300) == {"received": 300, "posted": 300}
            await consumer.says("storage_recovered")
            consumer.terminate()
            assert await consumer.exit_code() == 0
    report = await stage.audit()
    assert report.ok, report.render()
    assert report.calls == 300


async def test_an_idle_consumer_says_once_that_storage_is_gone_and_once_that_it_is_back(
    stage: Stage,
) -> None:
    async with StorageProxy.running(stage.environment["STORAGE_CONNECTION_STRING"]) as proxy:
        environment = {"STORAGE_CONNECTION_STRING": proxy.connection_string}
        async with stage.process(MONITOR_INTERVAL_S="0.2", **environment) as consumer:
            await consumer.says("ready")
            stage.fill(10)
            await stage.counts(10)
            for _ in range(2):
                await proxy.cut()
                gone = await consumer.says("storage_unavailable", partition="")
                proxy.mend()
                back = await consumer.says("storage_recovered", partition="")
                assert "idle partitions are not confirmed" in gone["message"]
                assert "idle partitions are confirmed after" in back["message"]


async def test_sigterm_ends_a_consumer_whose_storage_is_down(stage: Stage) -> None:
    async with StorageProxy.running(stage.environment["STORAGE_CONNECTION_STRING"]) as proxy:
        environment = {"STORAGE_CONNECTION_STRING": proxy.connection_string}
        async with stage.process(**environment) as consumer:
            await consumer.says("ready")
            await proxy.cut()
            stage.fill(100)
            await consumer.says("storage_unavailable")
            asked_at = time.monotonic()
            consumer.terminate()
            assert await consumer.exit_code() == 0
            assert time.monotonic() - asked_at < 10
            assert consumer.said("drain_incomplete")
    async with stage.consuming():
        assert await stage.counts(100) == {"received": 100, "posted": 100}


async def test_a_hub_that_is_down_at_the_start_is_waited_for(stage: Stage) -> None:
    port = free_port()
    connection_string = stage.broker.connection_string.replace(
        f":{stage.broker.port};", f":{port};"
    )
    async with stage.process(EVENTHUB_CONNECTION_STRING=connection_string) as consumer:
        await consumer.says("hub_unavailable")
        async with running_broker(config=CONFIG, clock=HubClock(), port=port) as late:
            late.append(HUB, [make_body(id=call_id(1))], partition="0")
            assert await stage.counts(1) == {"received": 1, "posted": 1}
            assert consumer.said("hub_recovered")
            consumer.terminate()
            assert await consumer.exit_code() == 0
