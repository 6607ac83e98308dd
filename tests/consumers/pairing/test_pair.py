"""Pairing on a broker and Azurite: processes, kills, replays, and the ledger in the end."""

import asyncio
import os
from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from table_api.ledger.meta import META_PARTITION, META_ROW, META_TABLE
from table_api.open_calls.decision import PairingState
from table_api.storage.table_storage import Upsert
from tests.consumers.pairing.conftest import Stage
from tests.consumers.pairing.gateway import Call
from tests.consumers.pairing.traffic import Traffic, Truth, differences, state_of_call, traffic
from tests.fixtures.calls import all_rows
from tests.fixtures.waiting import until

CALLS = int(os.environ.get("PAIRING_TEST_CALLS", "250"))
"""A full run takes 20,000 and twenty minutes: Azurite goes through its whole table for each query,
so that the time grows faster than the calls."""
TIMEOUT_S = 600 + CALLS // 5

STORM_CALLS_MAX = 2_000
"""Where all events come at once, long after their calls, each half is decided by itself and then
corrected or moved: the most work that a call can make."""
KILLS = 3
PAIRED_AT_ONCE = 300
SHARED_AFTER_S = 5
"""Two processes have shared the partitions by then, by the intervals of the stage."""
HOURS = timedelta(hours=1)


def completes_at_once(call: Call) -> bool:
    """Whether its halves say enough before any grace or timeout is over."""
    state = state_of_call(call)
    recovered = state is PairingState.RECOVERED and call.stream
    return state is PairingState.COMPLETED or recovered


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


async def test_two_processes_complete_calls_long_before_the_grace(stage: Stage) -> None:
    """Half of the halves come to each. What one does not know, its sweeps look up."""
    span = timedelta(minutes=5)
    start = datetime.now(UTC).replace(microsecond=0) - span
    sent = traffic(PAIRED_AT_ONCE, start=start, span=span)
    wanted = {call.id for call in sent.calls if completes_at_once(call)}
    async with stage.process("pair"), stage.process("pair"):
        await asyncio.sleep(SHARED_AFTER_S)
        stage.put(sent.events, Random(11))

        async def all_completed() -> bool:
            states = await stage.states(start - span, start + 2 * span)
            done = (PairingState.COMPLETED, PairingState.RECOVERED)
            return wanted <= {call_id for call_id, state in states.items() if state in done}

        await until(all_completed, within_s=120)


async def test_pairing_refuses_the_tables_of_a_later_release(stage: Stage) -> None:
    await stage.storage.create_table(META_TABLE)
    later = Upsert(META_ROW, {"schema_version": 2})
    await stage.storage.transact(META_TABLE, META_PARTITION, [later])
    async with stage.process("pair") as pairing:
        assert await pairing.exit_code() == 1
        [failure] = pairing.said("failed")
    assert "the ledger has schema 2, this release reads schemas 1 to 1" in failure["message"]
