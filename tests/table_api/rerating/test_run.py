"""A run as a row: what belongs together in the program is stored in columns of its own."""

from dataclasses import replace
from datetime import UTC, date, datetime

from table_api.rerating.run import (
    Approval,
    Rerating,
    RunState,
    Settled,
    read_rerating,
    rerating_columns,
)
from table_api.rerating.scope import Scope

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
    assert "report_sha256" not in rerating_columns(replace(STAGED, report_sha256=None))
