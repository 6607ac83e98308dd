"""What closing a month costs: CPU time per 1,000 lines; each format is compared with the CSV.

    python -m benchmarks.invoices [--subjects 1000]

The ledger is in memory, so that only our own work is measured.
"""

import argparse
import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.result import Result, add_results_argument, beside, report
from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.invoicing.closing.close import Evidence
from table_api.invoicing.closing.close_job import make_job
from table_api.invoicing.closing.missing_events import missing_events
from table_api.invoicing.closing.month_files import focus_rows
from table_api.invoicing.documents.document import Document, encode_document
from table_api.invoicing.focus.columns import DATASETS, focus_csv
from table_api.invoicing.focus.parquet import focus_parquet
from table_api.invoicing.formats.document_csv import document_csv
from table_api.invoicing.formats.document_pdf import document_pdf
from table_api.invoicing.formats.document_xlsx import document_xlsx
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.verification.verify import verify
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import call_id, make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger

SUBJECTS = 1_000
"""Three lines each."""
OCTOBER = BillingMonth(2026, 10)


async def measure(subjects: int) -> list[Result]:
    """One result per step."""
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
        storage,
        blobs,
        settings=InvoicingSettings(),
        evidence=Evidence(
            open_calls=_none, unread=_nothing, missing=missing_events(storage, DEFAULT_GROUPS)
        ),
        now=lambda: NOW,
    )
    document = (await job.preview(OCTOBER)).invoices[0]
    document_pdf(document, {})  # imports and fonts are loaded once a process
    document_xlsx(document, {})
    found = _formats(document)
    csv = found[0].reference
    started = time.process_time()
    await job.close(OCTOBER)
    found.append(_result("close, all files", time.process_time() - started, document, csv))
    snapshot, _ = await job.archive.standing_snapshot(OCTOBER)
    columns = DATASETS["cost_and_usage"]
    focus_parquet(columns, ())  # loads pyarrow
    for name, make in (
        ("FOCUS CSV", lambda: focus_csv(columns, focus_rows(snapshot, "cost_and_usage"))),
        ("FOCUS Parquet", lambda: focus_parquet(columns, focus_rows(snapshot, "cost_and_usage"))),
    ):
        found.append(_result(name, _seconds(make), document, csv))
    started = time.process_time()
    findings = await verify(job.archive, storage, OCTOBER)
    found.append(_result("verify", time.process_time() - started, document, csv))
    assert findings.ok, findings.render()
    return found


def _formats(document: Document) -> list[Result]:
    """The formats of one invoice, compared with its CSV."""
    csv = 1_000_000 * _seconds(lambda: document_csv(document, {})) / len(document.lines)
    return [
        _result(name, _seconds(make), document, csv)
        for name, make in (
            ("JSON", lambda: encode_document(document)),
            ("XLSX", lambda: document_xlsx(document, {})),
            ("PDF", lambda: document_pdf(document, {})),
        )
    ]


def _seconds(make: Callable[[], bytes]) -> float:
    started = time.process_time()
    make()
    return time.process_time() - started


def _result(name: str, seconds: float, document: Document, csv_ms: float) -> Result:
    per_thousand = 1_000_000 * seconds / len(document.lines)
    return beside(
        f"{name}: CPU ms per 1,000 invoice lines, compared with the CSV", per_thousand, csv_ms
    )


async def _nothing(start: datetime, stop: datetime) -> list[str]:
    """Both hubs were read."""
    del stop
    return []


async def _none(_start: datetime, _stop: datetime) -> int:
    return 0


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.invoices")
    parser.add_argument("--subjects", type=int, default=SUBJECTS)
    add_results_argument(parser)
    arguments = parser.parse_args()
    report(asyncio.run(measure(arguments.subjects)), arguments.results)


if __name__ == "__main__":
    main()
