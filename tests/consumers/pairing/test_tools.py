"""What an answer says of its tools is charged alike, by whichever path its tokens come."""

from typing import Any

import pytest

from pricing_rules.types import CallState, Rank
from pricing_rules.units import Unit
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.recorded_call import recorded_event
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.background import FETCHED_AT, USAGE, Background
from tests.consumers.pairing.gateway import Call, envelope, seven_digits
from tests.consumers.pairing.world import World
from tests.fixtures.builders import CALL_TIME, make_body

ANSWER = Background()
PLAIN = Call(number=1, stream=False)
ZEROS = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
SEARCHED = {
    "requested": ["web_search"],
    "calls": {"web_search_call": 40},
    "usage": {"web_search": {"num_requests": 12}},
}
"""Opening a page that was found is an item of the answer, too; 12 of the 40 are searches."""
UNKNOWN: dict[str, Any] = {"requested": [], "calls": {}, "usage": {"lookup": {"hits": 3000}}}
LONG: dict[str, Any] = {"requested": [], "calls": {}, "usage": {"notes": "x" * 40_000}}


@pytest.fixture
async def world() -> World:
    return await World.over(MemoryTableStorage())


async def read(world: World, *bodies: bytes) -> LedgerEntry:
    """The one call of these events of the usage hub, and of the log, as it stands at the end."""
    await world.meter(bodies, FETCHED_AT)
    for body in bodies:
        await world.pair(world.usage, body, FETCHED_AT)
    await world.pair(world.diagnostics, envelope(PLAIN.llm_record()), FETCHED_AT)
    await world.meter(list(world.outbox.sent), FETCHED_AT)
    assert [letter async for letter in world.letters.all()] == []
    [chain] = (await world.standing()).values()
    return chain[-1]


def event(operation: str, usage: dict[str, Any], tools: dict[str, Any] | None) -> bytes:
    return make_body(
        id=PLAIN.id,
        subject=PLAIN.subject,
        time=seven_digits(CALL_TIME),
        operation=operation,
        usage=usage,
        tools=tools,
    )


@pytest.mark.parametrize(
    ("operation", "usage", "tools", "searches"),
    [
        ("responses", ZEROS, SEARCHED | {"usage": None}, 40),
        ("responses", {}, SEARCHED, 12),
        ("messages", {"server_tool_use": {"web_search_requests": 2}}, None, 2),
        (
            "messages",
            {"input_tokens": 0, "server_tool_use": {"web_search_requests": 2}},
            {"requested": [], "calls": {"server_tool_use": 2}, "usage": None},
            2,
        ),
    ],
)
async def test_zeros_next_to_tools_wait_for_the_tokens_of_the_log(
    world: World, operation: str, usage: dict[str, Any], tools: dict[str, Any] | None, searches: int
) -> None:
    told = recorded_event(await read(world, event(operation, usage, tools)))
    assert told.rank is Rank.GATEWAY_LOG
    assert told.usage is not None
    assert told.usage.caveats is None
    assert told.usage.counts[Unit.WEB_SEARCH] == searches
    assert told.usage.counts[Unit.OUTPUT] == PLAIN.completion


@pytest.mark.parametrize(
    ("tools", "state"),
    [(SEARCHED, CallState.PRICED), (UNKNOWN, CallState.UNPRICED), (LONG, CallState.UNPRICED)],
    ids=["searches", "unknown", "long"],
)
async def test_tools_of_a_background_answer_cost_what_they_cost_in_the_foreground(
    world: World, tools: dict[str, Any], state: CallState
) -> None:
    fetched = await read(world, ANSWER.request(), ANSWER.fetch(tools=tools))
    plain = await World.over(MemoryTableStorage())
    at_once = await read(plain, event("responses", USAGE, tools))
    assert (fetched.state, at_once.state) == (state, state)
    assert fetched.measures == at_once.measures


async def test_a_tool_usage_that_no_row_can_hold_says_how_long_it_is(world: World) -> None:
    fetched = await read(world, ANSWER.request(), ANSWER.fetch(tools=LONG))
    assert fetched.reason == "no rule prices usage field tool_usage.too_long = 40012"
