"""The last audit's report, kept for the badge."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

from table_api.audit.ledger_audit import AuditReport
from table_api.storage.named_rows import naming
from table_api.storage.table_storage import TableStorage, Upsert

SUMMARY_TABLE, SUMMARY_PARTITION, SUMMARY_ROW = "meta", "ledger", "audit"
PROBLEMS_KEPT_MAX = 10
PROBLEM_CHARS_MAX = 2_000
JSON_CHARS_MAX = 30_000
"""A property has 32,768 at most. The longest problem alone fits: no character is more than 12."""


async def save_audit(storage: TableStorage, report: AuditReport) -> None:
    """Keep the report for the badge."""
    await storage.create_table(SUMMARY_TABLE)
    summary = Upsert(
        SUMMARY_ROW,
        {
            "at": report.at.astimezone(UTC).isoformat(),
            "calls": report.calls,
            "cells": report.cells,
            "rows": report.rows,
            "charge": str(report.charge),
            "moving": report.moving,
            "behind": report.behind,
            "problems": _kept(report.problems),
        },
    )
    await storage.transact(SUMMARY_TABLE, SUMMARY_PARTITION, [summary])


def _kept(problems: Sequence[str]) -> str:
    """The first ones as JSON, each to PROBLEM_CHARS_MAX, and as many of them as a property holds.

    Whole problems are left out, since JSON that is cut cannot be read again.
    """
    kept = ""
    for problem in problems[:PROBLEMS_KEPT_MAX]:
        cut = problem[: PROBLEM_CHARS_MAX - 1] + "…"
        text = json.dumps(problem if len(problem) <= PROBLEM_CHARS_MAX else cut)
        if len(kept) + len(text) > JSON_CHARS_MAX:
            break
        kept += f"{', ' if kept else ''}{text}"
    return f"[{kept}]"


async def last_audit(storage: TableStorage) -> AuditReport | None:
    """The report that was kept last, or None."""
    row = await storage.get(SUMMARY_TABLE, SUMMARY_PARTITION, SUMMARY_ROW)
    if row is None:
        return None
    with naming(SUMMARY_TABLE, row):
        return AuditReport(
            at=datetime.fromisoformat(str(row["at"])),
            calls=int(row["calls"]),
            cells=int(row["cells"]),
            rows=int(row["rows"]),
            charge=int(row["charge"]),
            moving=int(row["moving"]),
            behind=int(row.get("behind", 0)),
            problems=tuple(json.loads(str(row["problems"]))),
        )
