"""docs/pairing.md is true: its call happens as the page says, and it knows every state."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from pricing_rules.money import format_pico
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import World
from tests.fixtures.calls import all_rows
from tests.paths import ROOT

PAGE = (ROOT / "docs/pairing.md").read_text(encoding="utf-8")
STEPS = PAGE.partition("## One call")[2].partition("\n## ")[0]
DIAGRAM = PAGE.partition("stateDiagram-v2")[2].partition("```")[0]
LIFE = PAGE.partition("## The life of a call")[2].partition("\n## ")[0]
SECOND = timedelta(seconds=1)


async def test_the_call_that_the_page_follows_is_completed_and_posted_as_it_says() -> None:
    storage = MemoryTableStorage()
    world = await World.over(storage)
    asked = datetime(2026, 11, 20, 10, 15, 31, tzinfo=UTC)
    call = Call(number=1, time=asked, stream=True, prompt=2048, cached=1024, completion=427)

    await world.meter([call.event()], asked + 2 * SECOND)
    await world.pair(world.usage, call.event(), asked + 2 * SECOND)
    assert await world.standing() == {}
    assert await rows_and_state(world, call) == ({"f|reported"}, PairingState.WAITING)

    records = envelope(call.gateway_record(), call.llm_record())
    await world.pair(world.diagnostics, records, asked + 5 * SECOND)
    every = {"f|reported", "f|outcome", "f|tokens", "x|0001", "y|0001"}
    assert await rows_and_state(world, call) == (every, PairingState.COMPLETED)

    await world.meter(world.outbox.sent, asked + 6 * SECOND)
    [posted] = (await world.standing())[call.id]
    assert f"posts the call: {format_pico(posted.measures['charge'])} USD." in STEPS
    for said in ("10:15:31", "10:15:33", "10:15:36", "10:15:37", "2,048", "1,024", "427"):
        assert said in STEPS


async def rows_and_state(world: World, call: Call) -> tuple[set[str], PairingState | None]:
    """What kinds of rows the call has in the table, and its state."""
    rows = {
        "|".join(row_key.split("|")[1:3])
        for partition, row_key in await all_rows(world.storage, "opencalls")
        if partition.startswith("c|")
    }
    [kept] = await world.calls.read([call.id])
    return rows, kept.state


@pytest.mark.parametrize("state", PairingState)
def test_every_state_is_in_the_diagram_and_in_the_table(state: PairingState) -> None:
    assert re.search(rf"--> {state.value}\b", DIAGRAM)
    assert f"\n| `{state.value}` |" in LIFE
