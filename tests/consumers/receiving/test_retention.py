"""Events that the hub's retention takes while no consumer runs are counted, named and shown."""

import json
from datetime import UTC, datetime

import pytest

from consumers.verbs.lag import lag
from local_stack.broker.faults.faults import Trim
from table_api.consumer_state.groups import Groups
from table_api.invoicing.closing.missing_events import missing_events
from tests.consumers.conftest import GROUP, HUB, Stage

BEGIN = datetime(2026, 11, 1, tzinfo=UTC)


async def test_what_retention_took_while_nobody_read_is_counted_and_named(stage: Stage) -> None:
    stage.fill(100)
    async with stage.consuming():
        await stage.counts(100)
    stage.fill(200, first=100)
    stage.broker.inject(Trim(hub=HUB, partition="0", before=250))
    async with stage.process() as consumer:
        counts = await stage.counts(150)
        assert counts == {"received": 150, "posted": 150, "lost": 150}
        [line] = consumer.said("events_lost")
        assert (line["first_sequence_number"], line["last_sequence_number"]) == (100, 249)
        assert line["partition"] == "0"
    async with stage.consuming():
        stage.fill(1, first=300)
        assert (await stage.counts(151))["lost"] == 150


async def test_what_was_gone_before_the_first_start_is_not_lost(stage: Stage) -> None:
    stage.fill(100)
    stage.broker.inject(Trim(hub=HUB, partition="0", before=40))
    async with stage.consuming():
        assert await stage.counts(60) == {"received": 60, "posted": 60}


async def test_a_partition_that_retention_emptied_is_caught_up_and_lag_shows_the_loss(
    stage: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    stage.fill(10)
    async with stage.consuming():
        await stage.counts(10)
    stage.fill(20, first=10)
    stage.broker.inject(Trim(hub=HUB))
    async with stage.process("run", "--until-idle", "1") as consumer:
        assert await consumer.exit_code() == 0
        [line] = consumer.said("events_lost")
        assert (line["first_sequence_number"], line["last_sequence_number"]) == (10, 29)
    assert await lag(stage.settings(), json_form=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["behind_events"], said["lost"]) == (0, 20)
    # What a close asks: storage alone.
    found = await missing_events(stage.storage, Groups(usage_hub=HUB, metering_group=GROUP))(
        BEGIN, BEGIN
    )
    assert found.lost == 20
