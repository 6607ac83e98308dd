"""A run as a row: what belongs together in the program is stored in columns of its own."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from table_api.errors import Altered
from table_api.rerating.run import (
    Approval,
    Rerating,
    RunState,
    Settled,
    Work,
    read_rerating,
    rerating_columns,
    shown_run,
)
from table_api.rerating.runs_table import RERATINGS_TABLE, LeftAlone, Reratings
from table_api.rerating.scope import Scope
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Replace, Value, etag_of
from tests.fixtures.damage import rows_of

APPROVED_AT = datetime(2026, 12, 2, 9, tzinfo=UTC)
STAGED = Rerating(
    run="r0123456789ab",
    state=RunState.STAGED,
    scope=Scope(from_day=date(2026, 11, 1), to_day=date(2026, 12, 1), model="gpt-4o"),
    book_version="b" * 64,
    engine_version="e" * 16,
    currency="USD",
    calls=60,
    changed=54,
    before=2**70,
    after=2**71,
    newly_priced=1,
    newly_unpriced=2,
    unpriced_before=5,
    unpriced_after=6,
    pairs_sha256="c" * 64,
    report_sha256="d" * 64,
    staged_at=datetime(2026, 12, 1, tzinfo=UTC),
)
REVERTING = replace(
    STAGED,
    state=RunState.REVERTING,
    approved=Approval(by="ada", why="dearer", at=APPROVED_AT),
    applied_at=APPROVED_AT,
    written=Settled(50, 4),
    reverted=Approval(by="grace", why="a mistake"),
    restored=Settled(7, 3),
)


def test_a_run_comes_back_from_its_row() -> None:
    for run in (STAGED, REVERTING, replace(STAGED, report_sha256=None)):
        assert read_rerating(rerating_columns(run)) == run


def test_each_fact_has_a_column_of_its_own() -> None:
    columns = rerating_columns(REVERTING)
    named = ("approved_by", "approved_at", "why", "written", "left_alone")
    assert [columns[name] for name in named] == ["ada", "2026-12-02T09:00:00Z", "dearer", 50, 4]
    named = ("reverted_by", "revert_why", "restored", "kept", "model")
    assert [columns[name] for name in named] == ["grace", "a mistake", 7, 3, "gpt-4o"]
    assert "reverted_at" not in columns
    assert "approved_by" not in rerating_columns(STAGED)
    earlier = replace(STAGED, unpriced_before=None, unpriced_after=None)
    assert "unpriced_before" not in rerating_columns(earlier)
    assert read_rerating(rerating_columns(earlier)) == earlier
    assert "report_sha256" not in rerating_columns(replace(STAGED, report_sha256=None))


def test_a_sum_of_calls_without_a_cost_is_not_zero() -> None:
    """One of two calls gets its price, and the other keeps having none."""
    one_of_two = replace(
        STAGED, calls=2, changed=1, before=0, after=5 * 10**12, newly_priced=1, newly_unpriced=0
    )
    found = shown_run(replace(one_of_two, unpriced_before=2, unpriced_after=1))
    assert (found["before"], found["after"], found["delta"]) == (None, "5", "5")
    lost = replace(one_of_two, before=5 * 10**12, after=0, newly_priced=0, newly_unpriced=1)
    found = shown_run(replace(lost, unpriced_before=1, unpriced_after=2))
    assert (found["before"], found["after"], found["delta"]) == ("5", None, "-5")
    free = shown_run(replace(one_of_two, newly_priced=0, unpriced_before=0, unpriced_after=0))
    assert free["before"] == "0"


def test_of_an_earlier_run_that_is_known_where_all_calls_changed() -> None:
    earlier = replace(STAGED, calls=2, newly_priced=2, before=0)
    earlier = replace(earlier, unpriced_before=None, unpriced_after=None)
    assert shown_run(earlier)["before"] is None
    assert shown_run(replace(earlier, newly_priced=1))["before"] == "0"


@pytest.fixture
async def runs(memory: MemoryTableStorage) -> Reratings:
    """A run that is approved, and whose work has begun."""
    runs = Reratings(memory)
    staged = await runs.add(STAGED, b"{}")
    await runs.approve(staged.run, by="ada", why="dearer", at=APPROVED_AT)
    await runs.begin(staged.run, Work.APPLY, owner="one", at=APPROVED_AT)
    await runs.note(staged.run, Work.APPLY, [LeftAlone("202611|00", "c|ann|01|x|1", "gone on")])
    return runs


async def begun(runs: Reratings) -> Rerating:
    return await runs.begin(STAGED.run, Work.APPLY, owner="two", at=APPROVED_AT)


@pytest.mark.parametrize(
    ("key", "columns", "ask"),
    [
        (f"runs {STAGED.run}", {"state": "done"}, lambda runs: runs.all()),
        (f"runs {STAGED.run}", {"before": "1.5"}, lambda runs: runs.get(STAGED.run)),
        ("runs active", {"until": "soon"}, begun),
        (f"{STAGED.run} apply", {"reason": None}, lambda runs: runs.noted(STAGED.run, Work.APPLY)),
        (f"{STAGED.run} report", {"part": None}, lambda runs: runs.report(STAGED.run)),
    ],
)
async def test_a_damaged_row_is_named(
    runs: Reratings,
    memory: MemoryTableStorage,
    key: str,
    columns: dict[str, Value | None],
    ask: Callable[[Reratings], Awaitable[object]],
) -> None:
    [row] = await rows_of(memory, RERATINGS_TABLE, key)
    kept = {name: value for name, value in (row | columns).items() if value is not None}
    for name in ("PartitionKey", "RowKey", "Timestamp"):
        del kept[name]
    change = Replace(str(row["RowKey"]), kept, etag_of(row))
    await memory.transact(RERATINGS_TABLE, str(row["PartitionKey"]), [change])
    with pytest.raises(Altered, match=f"row {RERATINGS_TABLE} {key}"):
        await ask(runs)
