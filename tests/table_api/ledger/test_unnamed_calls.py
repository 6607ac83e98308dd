"""Deployments that callers make up: the ledger counts their calls, and keeps no cell for each."""

from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from pricing_rules.types import CallState, Rank
from table_api.audit.ledger_audit import audit
from table_api.audit.row_checks import call_faults
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import Effect, read_entry
from table_api.ledger.entry_columns import entry_columns
from table_api.ledger.keys import cell_key
from table_api.ledger.post_result import Outcome
from table_api.ledger.posting import UNKNOWN_MODEL, MeteredCall, Posting, line_hash
from table_api.ledger.recorded_call import differs
from table_api.storage.keys import EVERY_ROW
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.usage.call_reads import CallReads
from table_api.usage.cell_reads import LedgerReads
from tests.contracts.ledger import entries_and_cells
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.fixtures.projections import assert_projected

DAY = date(2026, 11, 20)


def made_up(number: int, status: int = 404) -> MeteredCall:
    """A call of a deployment that nobody else names."""
    return make_call(
        number,
        id=call_id(number),
        subject="anonymous",
        deployment=f"x{number}",
        model=None,
        status=status,
        usage=None,
    )


async def test_made_up_deployments_share_a_cell_and_keep_their_names_in_their_rows(
    memory: MemoryTableStorage,
) -> None:
    ledger = await open_ledger(memory)
    calls = [made_up(number, (401, 404, 429)[number % 3]) for number in range(90)]
    await ledger.post(calls)
    entries, [cell] = await entries_and_cells(memory)
    assert {entry.deployment for entry in entries} == {f"x{number}" for number in range(90)}
    assert {entry.model for entry in entries} == {cell.facts["model"]} == {UNKNOWN_MODEL}
    assert "deployment" not in cell.facts
    assert cell.measures == {"calls": 90, "errors": 90, "no_usage": 30, "failed": 30}
    pages = memory.query("monthly", "202611", EVERY_ROW)
    assert len([row async for page in pages for row in page]) == 1
    assert (await audit(memory, now=NOW)).problems == ()
    await assert_projected(memory)


async def test_a_later_report_with_tokens_counts_under_the_name(memory: MemoryTableStorage) -> None:
    ledger = await open_ledger(memory)
    weak = made_up(1, 500)
    await ledger.post([weak, made_up(2, 500)])
    strong = make_call(
        3,
        id=call_id(1),
        subject="anonymous",
        deployment="x1",
        model="lab-model-x",
        status=500,
        usage=make_usage(input=9),
    )
    [result] = await ledger.post([strong])
    assert result.outcome is Outcome.CORRECTED
    _, cells = await entries_and_cells(memory)
    by_model = {cell.facts["model"]: cell for cell in cells}
    assert set(by_model) == {UNKNOWN_MODEL, "lab-model-x"}
    assert by_model[UNKNOWN_MODEL].measures["calls"] == 1
    assert by_model["lab-model-x"].facts["deployment"] == "x1"
    assert by_model["lab-model-x"].measures["q_input"] == 9
    assert (await audit(memory, now=NOW)).problems == ()


async def test_the_calls_of_the_shared_cell_are_found_by_its_model(
    memory: MemoryTableStorage,
) -> None:
    await (await open_ledger(memory)).post([made_up(1), made_up(2)])
    reads = CallReads(memory, LedgerReads(memory, now=lambda: NOW))
    days = [DayRange(DAY, DAY + timedelta(days=1))]
    found = await reads.page("anonymous", days, limit=9, model=UNKNOWN_MODEL)
    assert [entry.deployment for entry in found.calls] == ["x1", "x2"]


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"deployment": "lab-model-x"}, CallState.UNPRICED),
        ({"deployment": "lab-model-x", "usage": None, "rank": Rank.PENDING}, CallState.PENDING),
        ({"usage": None}, CallState.NO_USAGE),
        ({"usage": None, "status": 429}, CallState.ZERO),
    ],
)
async def test_a_call_that_an_alias_names_or_a_model_answered_keeps_its_name(
    memory: MemoryTableStorage, changes: dict[str, Any], state: CallState
) -> None:
    call = make_call(**changes)
    assert call.priced.state is state
    await (await open_ledger(memory)).post([call])
    _, [cell] = await entries_and_cells(memory)
    expected = changes.get("deployment", "gpt-4.1-mini")
    assert (cell.facts["model"], cell.facts["deployment"]) == (expected, expected)


async def as_before(storage: MemoryTableStorage, call: MeteredCall) -> Posting:
    """The call as an earlier release placed it: in a cell with the name."""
    posting = (await open_ledger(storage)).place(call)
    name = str(call.priced.event.deployment)
    line = (name, *posting.line[1:])
    cell = cell_key(posting.subject, DAY, name, line_hash(line))
    return replace(posting, model=name, line=line, cell=cell)


async def test_a_row_of_an_earlier_release_stays_in_its_cell(memory: MemoryTableStorage) -> None:
    """The audit takes it, and neither a re-rating nor a replay finds anything to change."""
    old = await as_before(memory, made_up(1))
    effect = Effect(str(old.cell), 1, old.measures)
    columns = entry_columns(old, [effect], recorded_at=NOW)
    row = {"PartitionKey": old.partition, "RowKey": old.entry_key, **columns}
    assert list(call_faults(old.partition, row)) == []
    entry = read_entry(row)
    assert entry.model == "x1"
    assert not differs(entry, (await open_ledger(memory)).place(made_up(1)))
    assert list(call_faults(old.partition, {**row, "cell": f"{old.cell}0"})) != []


async def test_the_audit_accepts_no_cell_without_a_name_for_a_call_with_tokens(
    memory: MemoryTableStorage,
) -> None:
    ledger = await open_ledger(memory)
    [unnamed, priced] = [ledger.place(call) for call in (made_up(1), make_call(2))]
    columns = entry_columns(priced, [Effect(str(priced.cell), 1, {})], recorded_at=NOW)
    row = {"PartitionKey": priced.partition, "RowKey": priced.entry_key, **columns}
    subject, line = priced.subject, ("", *priced.line[1:])
    wrong = cell_key(subject, DAY, UNKNOWN_MODEL, line_hash(line))
    assert list(call_faults(priced.partition, row)) == []
    assert any(
        "its cell" in fault for fault in call_faults(priced.partition, {**row, "cell": wrong})
    )
    assert unnamed.cell == cell_key("anonymous", DAY, UNKNOWN_MODEL, line_hash(unnamed.line))
