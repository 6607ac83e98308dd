"""A background answer is pending until any other report of its call comes; each state adds up."""

from typing import Any

import pytest

from pricing_rules.types import CallState, Rank
from table_api.audit.ledger_audit import audit
from table_api.ledger.post_result import Outcome
from table_api.ledger.recorded_call import recorded_call
from table_api.storage.memory_tables import MemoryTableStorage
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.fixtures.projections import assert_projected

PENDING: dict[str, Any] = {
    "usage": None,
    "rank": Rank.PENDING,
    "background": True,
    "response_id": "resp_1",
    "response_status": "queued",
}
GAVE_UP = PENDING | {"rank": Rank.NO_USAGE, "response_status": None}
FINISHED = PENDING | {
    "rank": Rank.MODEL_USAGE,
    "usage": make_usage(input=12_000, output=8_000),
    "response_status": "completed",
    "completed_from": ("fetched-answer", "usage-event"),
}


@pytest.mark.parametrize(
    ("later", "state"),
    [
        ([], CallState.PENDING),
        ([GAVE_UP], CallState.NO_USAGE),
        ([FINISHED], CallState.PRICED),
        ([GAVE_UP, FINISHED], CallState.PRICED),
        ([FINISHED, GAVE_UP, PENDING], CallState.PRICED),
    ],
)
async def test_any_other_report_of_a_pending_call_is_stronger(
    later: list[dict[str, Any]], state: CallState
) -> None:
    storage = MemoryTableStorage()
    ledger = await open_ledger(storage)
    for number, report in enumerate([PENDING, *later]):
        [result] = await ledger.post([make_call(number, **report)])
        assert result.outcome is not Outcome.REFUSED
    entries, cells = await entries_and_cells(storage)
    assert [entry.state for entry in entries][-1] is state
    assert sum(cell.measures["calls"] for cell in cells) == 1
    assert sum(cell.measures.get("pending", 0) for cell in cells) == (state is CallState.PENDING)
    assert sum(cell.measures.get("no_usage", 0) for cell in cells) == (state is CallState.NO_USAGE)
    assert any(cell.measures.get("charge") for cell in cells) is (state is CallState.PRICED)
    assert (await audit(storage, now=NOW)).problems == ()
    await ledger.project()
    await assert_projected(storage)


async def test_a_pending_call_is_rated_again_as_pending() -> None:
    storage = MemoryTableStorage()
    await (await open_ledger(storage)).post([make_call(**PENDING)])
    [entry], _ = await entries_and_cells(storage)
    again = recorded_call(entry).priced
    assert (again.state, again.event.rank, again.event.usage) == (
        CallState.PENDING,
        Rank.PENDING,
        None,
    )
