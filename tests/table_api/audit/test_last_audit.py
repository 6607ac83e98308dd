"""The last report is kept readable, however long its problems are."""

from collections.abc import Sequence

import pytest

from table_api.audit.last_audit import PROBLEM_CHARS_MAX, last_audit, save_audit
from table_api.audit.ledger_audit import AuditReport
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import NOW

PROPERTY_CHARS_MAX = 32_768
LONG = "x" * 3_000
CUT = "x" * (PROBLEM_CHARS_MAX - 1) + "…"


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        ([], []),
        (["short", LONG, "ü"], ["short", CUT, "ü"]),
        ([CUT], [CUT]),
        ([LONG] * 12, [CUT] * 10),
        (["\0" * 3_000] * 12, ["\0" * (PROBLEM_CHARS_MAX - 1) + "…"] * 2),
    ],
    ids=["none", "mixed", "at the limit", "many", "six characters each"],
)
async def test_long_problems_are_cut_and_the_report_is_read_again(
    found: Sequence[str], kept: Sequence[str]
) -> None:
    storage = MemoryTableStorage()
    report = AuditReport(
        at=NOW, calls=1, cells=1, rows=1, charge=0, moving=0, problems=tuple(found)
    )
    await save_audit(storage, report)
    read = await last_audit(storage)
    assert read is not None
    assert (read.ok, read.problems) == (report.ok, tuple(kept))
    row = await storage.get("meta", "ledger", "audit")
    assert row is not None
    assert len(str(row["problems"])) <= PROPERTY_CHARS_MAX
