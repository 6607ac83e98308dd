"""`python -m table_api invoice …`: the verbs of invoicing. Data goes to stdout, words to stderr."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.closing.export import Renditions, export_month
from table_api.invoicing.closing.month_files import MonthDocuments
from table_api.invoicing.errors import BadMonth, UnknownDocument
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.invoicing.verification.verify import verify_all
from table_api.settings import Settings

EXIT_OK, EXIT_FAILED = 0, 1

Say = Callable[[str], None]


def _month(text: str) -> BillingMonth:
    try:
        return BillingMonth.parse(text)
    except BadMonth as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def add_invoice_verbs(verbs: Any) -> None:
    """The parser of `invoice` among the verbs of the package."""
    invoice = verbs.add_parser("invoice", help="preview, close, list, show, verify, export")
    own = invoice.add_subparsers(dest="invoice_verb", required=True)
    preview = own.add_parser("preview", help="a month's invoices as they would be now")
    preview.add_argument("month", type=_month, help="as in 2026-11")
    close = own.add_parser("close", help="close a month for good, or finish its close")
    close.add_argument("month", type=_month, help="as in 2026-11")
    close.add_argument("--force", metavar="REASON", help="in spite of a red audit or open calls")
    own.add_parser("close-due", help="close every month that is over, oldest first")
    own.add_parser("list", help="invoices of all closed months")
    show = own.add_parser("show", help="one invoice or statement as JSON")
    show.add_argument("number", help="as in INV-000001")
    check = own.add_parser("verify", help="re-add documents, cells and calls")
    check.add_argument("month", nargs="?", type=_month, help="default: all")
    export = own.add_parser("export", help="write a month's documents into a folder")
    export.add_argument("month", type=_month, help="as in 2026-11")
    export.add_argument("folder", type=Path)
    export.add_argument("--names", action="store_true", help="render with today's display names")
    export.add_argument("--parquet", action="store_true", help="FOCUS as Parquet too")
    export.add_argument("--focus-1-2", action="store_true", help="Cost and Usage of FOCUS 1.2 too")


async def run_invoice(flags: argparse.Namespace, settings: Settings, say: Say) -> int:
    """Run one verb; gives the exit code."""
    async with open_job(settings) as job:
        match flags.invoice_verb:
            case "preview":
                _print_preview(await job.preview(flags.month), say)
            case "close":
                _print_manifest(await job.close(flags.month, forced=flags.force))
            case "close-due":
                for manifest in await job.close_due():
                    _print_manifest(manifest)
            case "list":
                for manifest in await job.archive.manifests():
                    _print_manifest(manifest)
            case "show":
                sys.stdout.write((await _document(job, flags.number)).decode())
            case "export":
                renditions = Renditions(
                    names=flags.names, parquet=flags.parquet, focus_1_2=flags.focus_1_2
                )
                count = await export_month(job, flags.month, flags.folder, renditions)
                say(f"{count} files of {flags.month} stand in {flags.folder}")
            case "verify":
                return await _verify(job, flags.month)
    return EXIT_OK


async def _verify(job: CloseJob, month: BillingMonth | None) -> int:
    months = await job.archive.months() if month is None else [month]
    report, found = await verify_all(job.archive, job.source.storage, months, now=job.now())
    print(report.render())
    for findings in found:
        print(findings.render())
    clean = report.ok and all(findings.ok for findings in found)
    return EXIT_OK if clean else EXIT_FAILED


async def _document(job: CloseJob, number: str) -> bytes:
    for manifest in await job.archive.manifests():
        for file in manifest.files_of(number):
            if file.name.endswith(".json"):
                return await job.archive.file(BillingMonth.parse(manifest.month), file)
    raise UnknownDocument(f"no closed month has a document {number!r}: `invoice list` shows them")


def _print_manifest(manifest: Manifest) -> None:
    for entry in manifest.invoices:
        _print_row(manifest.month, entry.number, entry.cost_centre, entry.amount, manifest.currency)
    _print_row(manifest.month, "total", "", manifest.amount, manifest.currency)


def _print_row(
    month: str, number: str, cost_centre: str | None, amount: str, currency: str
) -> None:
    name = "(no cost centre)" if cost_centre is None else cost_centre
    print(f"{month}\t{number}\t{name}\t{amount}\t{currency}")


def _print_preview(documents: MonthDocuments, say: Say) -> None:
    snapshot, manifest = documents.snapshot, documents.manifest(())
    _print_manifest(manifest)
    for document in documents.invoices:
        for part in document.subtotals:
            if part.kind == "correction":
                say(f"{document.number}: {part.amount} corrects {part.charge_month}")
        for entry in document.uncharged:
            say(
                f"{document.number}: {entry.calls} calls {entry.concern}, {entry.subject} "
                f"{entry.model}, estimate {entry.estimate or 'none'}"
            )
    for left in snapshot.outside:
        say(f"not billed: {left.cells} cells of {left.month} lie outside the look-back")
    for line in snapshot.regrouped:
        say(
            f"billed to {line.billed}, today of {line.today}: {line.subject} from {line.first_day} "
            f"to {line.last_day}; corrections go to {line.billed}"
        )
    for problem in snapshot.checks.audit_problems:
        say(f"audit: {problem}")
    say(f"{snapshot.checks.open_calls} calls wait for their usage")
