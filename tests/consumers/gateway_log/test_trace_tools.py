"""Tools that a trace has no room for: the mark and the refusal to price stay without the event."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from pricing_rules.types import CallState, Exclusion
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME

SOON = CALL_TIME + timedelta(seconds=30)
OVERDUE = CALL_TIME + WAITS.timeout + timedelta(seconds=1)
CUT: dict[str, Any] = {"requested": ["not_in_trace"], "calls": {}, "usage": None}
"""As the policy writes it (apim_policies/chargeback-usage-event.fragment.xml)."""


async def standing(call: Call, tools: dict[str, Any] | None) -> tuple[CallState, set[str], str]:
    """What the call becomes by its trace and the log's tokens alone: its UsageEvent was lost."""
    world = await World.over(MemoryTableStorage())
    record = call.gateway_record()
    said = "-" if tools is None else json.dumps(tools)
    record["properties"]["traceRecords"][0]["metadata"]["tools"] = said
    await world.pair(world.diagnostics, envelope(record, call.llm_record()), SOON)
    await world.sweep(OVERDUE)
    await world.meter(world.outbox.sent, OVERDUE)
    [[entry]] = (await world.standing()).values()
    return entry.state, set(entry.excludes), entry.text("reason") or ""


@pytest.mark.parametrize(
    ("tools", "marked"),
    [(None, False), (CUT, True), ({**CUT, "requested": ["function"]}, False)],
)
async def test_a_stream_whose_tools_are_not_in_its_trace_may_have_fees(
    tools: dict[str, Any] | None, *, marked: bool
) -> None:
    state, excludes, _ = await standing(Call(number=1, operation="responses"), tools)
    assert state is CallState.PRICED
    assert (Exclusion.TOOL_FEES in excludes) is marked


@pytest.mark.parametrize(
    ("calls", "state"),
    [
        ({"function_call": 3}, CallState.PRICED),
        ({"image_generation_call": 1}, CallState.UNPRICED),
        ({"not_in_trace": 1}, CallState.UNPRICED),
    ],
)
async def test_an_answer_whose_calls_are_not_in_its_trace_has_no_price(
    calls: dict[str, int], state: CallState
) -> None:
    plain = replace(Call(number=1, operation="responses"), stream=False)
    found, _, reason = await standing(plain, {**CUT, "calls": calls})
    assert found is state
    [kind] = calls
    assert (f"tool_calls.{kind}" in reason) is (state is CallState.UNPRICED)
