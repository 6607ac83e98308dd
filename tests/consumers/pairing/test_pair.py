"""Pairing on a broker and Azurite: processes, kills, replays, and the ledger in the end."""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from table_api.ledger.meta import META_PARTITION, META_ROW, META_TABLE
from table_api.storage.table_storage import Upsert
from tests.consumers.pairing.conftest import Stage
from tests.consumers.pairing.traffic import Traffic, Truth, differences, traffic
from tests.fixtures.calls import all_rows

CALLS = int(os.environ.get("PAIRING_TEST_CALLS", "500"))
"""A full run takes 20,000 and twenty minutes: Azurite goes through its whole table for each query,
so that the time grows faster than the calls."""
TIMEOUT_S = 600 + CALLS // 5

STORM_CALLS_MAX = 2_000
"""Where all events come at once, long after their calls, each half is decided by itself and then
corrected or moved: the most work that a call can make."""
KILLS = 3
HOURS = timedelta(hours=1)


def hours_ago(hours: int) -> datetime:
    """Calls of then have timed out when the hubs are caught up."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)


async def found(stage: Stage) -> dict[str, list[Truth]]:
    return {
        call_id: [
            (str(entry.row["subject"]), int(entry.row["rank"]), int(entry.row["tokens"]))
            for entry in entries
        ]
        for call_id, entries in (await stage.standing()).items()
    }


async def check(stage: Stage, sent: Traffic, start: datetime) -> None:
    assert list(differences(sent.truth, await found(stage))) == []
    states = await stage.states(start - HOURS, start + 2 * HOURS)
    assert Counter(states.values()) == sent.states
    report = await stage.audit()
    assert report.ok, report.render()


@pytest.mark.timeout(TIMEOUT_S)
@pytest.mark.parametrize(
    ("calls", "in_time"),
    [
        pytest.param(CALLS, True, id="as they come"),
        pytest.param(min(CALLS, STORM_CALLS_MAX), False, id="all overdue"),
    ],
)
async def test_every_call_whose_data_reached_a_hub_stands_once_whatever_is_killed(
    stage: Stage, calls: int, in_time: bool
) -> None:
    start, chance = hours_ago(5), Random(11)
    sent = traffic(calls, start=start, span=HOURS)
    (stage.put_in_their_time if in_time else stage.put)(sent.events, chance)
    for kill in range(KILLS):
        async with stage.process("pair") as pairing, stage.process("run") as metering:
            share = (kill + chance.random()) / KILLS
            await stage.until_received(round(len(sent.events) * share), within_s=TIMEOUT_S)
            pairing.kill()
            metering.kill()
            await asyncio.gather(pairing.exit_code(), metering.exit_code())
    await stage.until_paired()
    await stage.until_metered()
    await check(stage, sent, start)

    # All of it once more, hours after: nothing changes.
    before = await all_rows(stage.storage)
    stage.put(sent.events, chance)
    await stage.until_paired()
    await stage.until_metered()
    await check(stage, sent, start)
    assert await all_rows(stage.storage) == before


async def test_pairing_refuses_the_tables_of_a_later_release(stage: Stage) -> None:
    await stage.storage.create_table(META_TABLE)
    later = Upsert(META_ROW, {"schema_version": 2})
    await stage.storage.transact(META_TABLE, META_PARTITION, [later])
    async with stage.process("pair") as pairing:
        assert await pairing.exit_code() == 1
        [failure] = pairing.said("failed")
    assert "the ledger has schema 2, this release reads schemas 1 to 1" in failure["message"]
