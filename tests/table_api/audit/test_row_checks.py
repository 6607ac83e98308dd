"""The audit holds what a row says beside its sums against its key, its cell and its counts."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import load_book
from pricing_rules.types import Rank
from table_api.audit.ledger_audit import audit
from table_api.ledger.keys import CALL_ROWS, CELL_ROWS
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.storage.keys import KeyRange
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Value
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import DEMO_BOOK, NOW, SETTINGS, make_call
from tests.table_api.audit.test_ledger_audit import rows_of, write


def ticking() -> Iterator[datetime]:
    now = NOW
    while True:
        now += timedelta(milliseconds=1)
        yield now


@pytest.fixture
async def storage() -> MemoryTableStorage:
    """A refused call, one that nobody can price, one that was corrected, two transactions."""
    storage = MemoryTableStorage()
    clock = ticking()
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: next(clock))
    await ledger.post([make_call(n, id=call_id(n)) for n in (1, 2)])
    await ledger.post([make_call(n, id=call_id(n)) for n in (3, 4)])
    await ledger.post([make_call(5, id=call_id(5), rank=Rank.NO_USAGE, usage=None, status=429)])
    await ledger.post([make_call(6, id=call_id(6), deployment="lab-model-x", subject="änn | 'x")])
    weak: dict[str, Any] = {
        "rank": Rank.GATEWAY_LOG,
        "usage": make_usage(input=5),
        "deployment": "gpt-4o",
    }
    await ledger.post([make_call(7, id=call_id(7), **weak)])
    await ledger.post([make_call(8, id=call_id(7))])
    assert (await audit(storage, now=NOW)).problems == ()
    return storage


CALL: dict[str, Value] = {
    "subject": "somebody", "time": "2026-11-20T09:30:13.446590Z", "call_id": call_id(9),
    "day": "2026-11-19", "model": "gpt-4.0-mini", "deployment": "gpt-4.0-mini", "tier": 1,
    "base_rule": "azure.gpt-4.1-mini.GlobalStandard.2025-04-02", "tokens": 1, "rank": 3,
}  # fmt: skip
CELL = {name: CALL[name] for name in ("subject", "day", "model", "deployment", "tier", "base_rule")}


@pytest.mark.parametrize(
    ("keys", "column", "value"),
    [(CALL_ROWS, *each) for each in CALL.items()] + [(CELL_ROWS, *each) for each in CELL.items()],
)
async def test_a_fact_that_the_key_or_the_counts_contradict_is_found(
    storage: MemoryTableStorage, keys: KeyRange, column: str, value: Value
) -> None:
    for row in [row for row in await rows_of(storage, keys) if column in row]:
        assert str(row[column]) != str(value)
        await write(storage, row, {column: value})
        problems = (await audit(storage, now=NOW)).problems
        assert any(str(row["RowKey"]) in problem for problem in problems), row["RowKey"]
        await write(storage, row, {})
    assert (await audit(storage, now=NOW)).problems == ()


async def test_a_status_that_makes_an_error_of_a_good_call_is_found(
    storage: MemoryTableStorage,
) -> None:
    [row] = [row for row in await rows_of(storage, CALL_ROWS) if row["call_id"] == call_id(1)]
    await write(storage, row, {"status": 500})
    problems = (await audit(storage, now=NOW)).problems
    assert any("states errors = 0 with status 500" in problem for problem in problems)


async def test_a_row_in_another_revision_is_found(storage: MemoryTableStorage) -> None:
    """Both revisions still have a row, and both sums are as they were."""
    [row] = [row for row in await rows_of(storage, CALL_ROWS) if row["call_id"] == call_id(3)]
    await write(storage, row, {"rev": 1})
    problems = (await audit(storage, now=NOW)).problems
    assert any("is not of the transaction that made revision 1" in each for each in problems)


FREE = """
[[rule]]
id = "own.free"
kind = "zero"
layer = "charge"
note = "a trial"
match = { provider = "azure", model = "gpt-4.1-mini" }
valid_from = 2026-10-01T00:00:00Z
"""


async def test_a_free_call_has_a_list_price_and_no_charge_and_a_refused_one_neither(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.toml").write_text(FREE)
    book = load_book([DEMO_BOOK, tmp_path / "own.toml"])
    storage = MemoryTableStorage()
    ledger = await ProjectedLedger.open(storage, SETTINGS, now=lambda: NOW)
    refused = make_call(2, id=call_id(2), rank=Rank.NO_USAGE, usage=None, status=429)
    free = make_call(1, id=call_id(1))
    await ledger.post([refused, replace(free, priced=rate(free.priced.event, book))])
    assert (await audit(storage, now=NOW)).problems == ()
    for row in await rows_of(storage, CALL_ROWS):
        column = "list" if "reason" in row and "429" in str(row["reason"]) else "charge"
        await write(storage, row, {column: "2800000"})
        problems = (await audit(storage, now=NOW)).problems
        assert any(f"states {column} = 2800000 in state zero" in each for each in problems)
