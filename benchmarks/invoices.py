"""What closing a month costs: CPU seconds per 1,000 lines, each format beside the CSV.

    python -m benchmarks.invoices [subjects]

The ledger is in memory, so that only our own work is measured.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from table_api.invoicing.billing_month import BillingMonth
from table_api.invoicing.connection import make_job
from table_api.invoicing.document import Document, encode_document
from table_api.invoicing.document_csv import document_csv
from table_api.invoicing.document_pdf import document_pdf
from table_api.invoicing.document_xlsx import document_xlsx
from table_api.invoicing.files import focus_rows
from table_api.invoicing.focus_columns import DATASETS, focus_csv
from table_api.invoicing.focus_parquet import focus_parquet
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.verify import verify
from table_api.memory_blobs import MemoryBlobStore
from table_api.memory_storage import MemoryTableStorage
from tests.builders import call_id, make_usage
from tests.calls import NOW, make_call, open_ledger

SUBJECTS = 1_000
"""Three lines each."""
OCTOBER = BillingMonth(2026, 10)


async def measure(subjects: int) -> None:
    """Print one row per step."""
    storage, blobs = MemoryTableStorage(), MemoryBlobStore()
    ledger = await open_ledger(storage)
    usage = make_usage(input=1_000, cache_read=500, output=300)
    noon = datetime(2026, 10, 5, 12, tzinfo=UTC)
    await ledger.post(
        [
            make_call(number, id=call_id(number), subject=f"s{number:06d}", usage=usage, time=noon)
            for number in range(subjects)
        ]
    )
    job = await make_job(
        storage, blobs, settings=InvoicingSettings(), open_calls=_none, now=lambda: NOW
    )
    document = (await job.preview(OCTOBER)).invoices[0]
    document_pdf(document, {})  # imports and fonts are loaded once a process
    document_xlsx(document, {})
    csv = _formats(document)
    started = time.process_time()
    await job.close(OCTOBER)
    _print("close, all files", time.process_time() - started, len(document.lines), csv)
    snapshot, _ = await job.archive.standing_snapshot(OCTOBER)
    columns = DATASETS["cost_and_usage"]
    focus_parquet(columns, ())  # loads pyarrow
    for name, make in (
        ("FOCUS CSV", lambda: focus_csv(columns, focus_rows(snapshot, "cost_and_usage"))),
        ("FOCUS Parquet", lambda: focus_parquet(columns, focus_rows(snapshot, "cost_and_usage"))),
    ):
        _print(name, _seconds(make), len(document.lines), csv)
    started = time.process_time()
    findings = await verify(job.archive, storage, OCTOBER)
    _print("verify", time.process_time() - started, len(document.lines), csv)
    assert findings.ok, findings.render()


def _formats(document: Document) -> float:
    """Print the formats of one invoice; gives the CSV's seconds, their reference."""
    lines = len(document.lines)
    csv = _seconds(lambda: document_csv(document, {}))
    _print("CSV", csv, lines, csv)
    for name, make in (
        ("JSON", lambda: encode_document(document)),
        ("XLSX", lambda: document_xlsx(document, {})),
        ("PDF", lambda: document_pdf(document, {})),
    ):
        _print(name, _seconds(make), lines, csv)
    return csv


def _seconds(make: Callable[[], bytes]) -> float:
    started = time.process_time()
    make()
    return time.process_time() - started


def _print(name: str, seconds: float, lines: int, csv: float) -> None:
    per_thousand = 1_000_000 * seconds / lines
    print(f"{name:<18}{per_thousand:9.1f} ms per 1,000 lines {seconds / csv:8.1f} × CSV")


async def _none(_start: datetime, _stop: datetime) -> int:
    return 0


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else SUBJECTS))
