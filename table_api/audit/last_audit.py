"""The last audit's report, kept for the badge."""

import json
from datetime import UTC, datetime

from table_api.audit.ledger_audit import AuditReport
from table_api.storage.named_rows import naming
from table_api.storage.table_storage import TableStorage, Upsert

SUMMARY_TABLE, SUMMARY_PARTITION, SUMMARY_ROW = "meta", "ledger", "audit"


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
            "problems": json.dumps(report.problems[:10])[:30_000],
        },
    )
    await storage.transact(SUMMARY_TABLE, SUMMARY_PARTITION, [summary])


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
