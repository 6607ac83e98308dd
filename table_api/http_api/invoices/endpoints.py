"""The handlers about invoices: each parses, asks the archive, shapes the answer."""

import asyncio
import hashlib
from typing import Annotated

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.audit.last_audit import last_audit
from table_api.http_api.access.question import Api, asking_of
from table_api.http_api.conventions.etags import content_answer, json_answer
from table_api.http_api.conventions.problems import ProblemKind, Refused, refused_parameter
from table_api.http_api.conventions.queries import MONTH_PATTERN, NoQuery
from table_api.http_api.invoices import models as answers
from table_api.http_api.invoices.answers import (
    entries_of,
    invoice_answer,
    month_answer,
    preview_answer,
)
from table_api.http_api.invoices.queries import DocumentKind, FileQuery, InvoicesQuery, PreviewQuery
from table_api.http_api.visible.documents import Documents
from table_api.http_api.visible.people import visible_people
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import stored_evidence
from table_api.invoicing.closing.renditions import (
    PARQUET,
    RENDERERS,
    names_of,
    render,
    render_parquet,
)
from table_api.invoicing.closing.zipped import ZIP, zip_of
from table_api.invoicing.documents.document import Kind
from table_api.invoicing.errors import BadMonth, CloseRefused
from table_api.invoicing.focus.parquet import makes_parquet
from table_api.invoicing.snapshots.billing_month import BillingMonth
from table_api.invoicing.snapshots.manifest import File
from table_api.invoicing.snapshots.take_snapshot import BillingSource

Number = Annotated[
    str, Path(description="Number of an invoice or statement.", examples=["INV-000002"])
]
NumberOrMonth = Annotated[
    str,
    Path(
        description="Number of an invoice or statement, or a month as `2026-11`.",
        examples=["INV-000002"],
    ),
]
Month = Annotated[
    str, Path(description="A closed month.", examples=["2026-10"], pattern=MONTH_PATTERN)
]
FileName = Annotated[
    str, Path(description="A file of the document or month.", examples=["INV-000002.pdf"])
]


async def get_invoices(request: Request, query: Annotated[InvoicesQuery, Query()]) -> Response:
    """Closed months and their documents, newest first."""
    asking = asking_of(request)
    documents = Documents(asking)
    wanted = None if query.month is None else _month(query.month)
    kind: Kind = query.kind.value
    closed = await documents.closed_months(kind)
    people = await visible_people(asking)
    months: list[answers.InvoiceMonth] = []
    entries: list[answers.InvoiceEntry] = []
    shown = documents.newest(closed, kind) if wanted is None else documents.of_month(wanted, kind)
    async for manifest in shown:
        if not months or query.kind is DocumentKind.INVOICE:
            entries += entries_of(manifest, query.kind, people)
        if manifest.invoices:  # sums of whole cost centres
            asking.shows_everybody = True
        months.append(month_answer(manifest))
    asking.show(entry.subject for entry in entries if entry.subject is not None)
    body = answers.Invoices(
        months=months,
        data=entries,
        closed_months=[str(each) for each in closed],
    )
    return json_answer(request, body, asking.caller.binding)


async def get_invoice(
    request: Request, number: Number, query: Annotated[NoQuery, Query()]
) -> Response:
    """One invoice or statement without its lines."""
    asking = asking_of(request)
    documents = Documents(asking)
    month, manifest = await documents.find(number)
    [file] = [each for each in manifest.files_of(number) if each.name.endswith(".json")]
    document = await documents.document(month, file)
    people = await visible_people(asking)
    body = invoice_answer(document, manifest, people)
    return json_answer(request, body, asking.caller.binding)


async def get_invoice_file(
    request: Request,
    number: NumberOrMonth,
    file: FileName,
    query: Annotated[FileQuery, Query()],
) -> Response:
    """A file as it was stored, or rendered with display names."""
    asking = asking_of(request)
    documents = Documents(asking)
    if (of_month := _as_month(number)) is not None:
        return await _month_file(request, documents, of_month, file)
    month, manifest = await documents.find(number)
    stored = {each.name.split("/")[-1]: each for each in manifest.files_of(number)}
    base, _, ending = file.rpartition(".")
    is_stored = not query.names and file in stored
    if not is_stored and (base != number or ending not in RENDERERS):
        raise Refused(ProblemKind.UNKNOWN_INVOICE, f"{number} has no such file to give")
    document = await documents.document(month, stored[f"{number}.json"])
    if is_stored:
        return await _stored(request, documents, month, stored[file])
    names = names_of(document, await visible_people(asking)) if query.names else {}
    content_type, content = await asyncio.to_thread(render, document, ending, names)
    digest = hashlib.sha256(content).hexdigest()
    return content_answer(request, content, content_type, digest=digest, immutable=False)


ZIP_BYTES_MAX = 32 * 1024 * 1024
"""Of all files together, before they are packed: they are in memory at once."""


async def get_month_zip(
    request: Request, month: Month, query: Annotated[NoQuery, Query()]
) -> Response:
    """The stored files of a closed month in one ZIP: those that the caller may see."""
    documents = Documents(asking_of(request))
    of_month = _month(month)
    manifest = await documents.manifest(of_month)
    if manifest is None:
        raise Refused(ProblemKind.UNKNOWN_INVOICE, f"month {month} has no documents to give")
    size = sum(file.bytes for file in manifest.files)
    if size > ZIP_BYTES_MAX:
        advice = f"of at most {ZIP_BYTES_MAX}: `chargeback invoice export {month}` writes them all"
        raise Refused(ProblemKind.TOO_MUCH, f"month {month} has {size} bytes of files, {advice}")
    files = await documents.files(of_month, manifest)
    content = await asyncio.to_thread(zip_of, files, issued_at=manifest.issued_at)
    digest = hashlib.sha256(content).hexdigest()
    whole = await documents.sees_everybody()
    return content_answer(request, content, ZIP, digest=digest, immutable=whole)


async def _month_file(
    request: Request, documents: Documents, month: BillingMonth, file: str
) -> Response:
    """A FOCUS file of a closed month; Parquet is rendered."""
    manifest = await documents.manifest(month)
    stored = {} if manifest is None else {each.name: each for each in manifest.files}
    base, _, ending = file.rpartition(".")
    documents.asking.shows_everybody = True
    if f"focus/{file}" in stored:
        return await _stored(request, documents, month, stored[f"focus/{file}"])
    if ending != "parquet" or f"focus/{base}.csv" not in stored:
        raise Refused(ProblemKind.UNKNOWN_INVOICE, f"month {month} has no such file to give")
    if not makes_parquet():
        advice = "this server makes no Parquet: `table-api invoice export --parquet` does"
        raise Refused(ProblemKind.UNKNOWN_INVOICE, advice)
    snapshot, _ = await documents.archive.standing_snapshot(month)
    content = await asyncio.to_thread(render_parquet, snapshot, base)
    digest = hashlib.sha256(content).hexdigest()
    return content_answer(request, content, PARQUET, digest=digest, immutable=False)


async def _stored(
    request: Request, documents: Documents, month: BillingMonth, file: File
) -> Response:
    content = await documents.content(month, file)
    return content_answer(request, content, file.content_type, digest=file.sha256, immutable=True)


def _month(text: str) -> BillingMonth:
    month = _as_month(text)
    if month is None:
        raise refused_parameter("month", text, "is not a month as 2026-11")
    return month


def _as_month(text: str) -> BillingMonth | None:
    try:
        return BillingMonth.parse(text)
    except BadMonth:
        return None


PREVIEW_CELLS_MAX = 100_000
"""Cells of one month: some seconds. The verb previews more."""


async def get_invoice_preview(
    request: Request, query: Annotated[PreviewQuery, Query()]
) -> Response:
    """An open month as it would be billed now, by what the last audit found."""
    asking = asking_of(request)
    asking.shows_everybody = True
    api = asking.api
    job = await _job(api)
    open_months = await job.open_months()
    month = _chosen(query.month, open_months)
    try:
        documents = await job.preview(month, await last_audit(api.storage))
    except CloseRefused as refused:
        raise refused_parameter("month", month, str(refused)) from refused
    body = preview_answer(documents, open_months, job.source.people)
    return json_answer(request, body, asking.caller.binding)


def _chosen(text: str | None, open_months: list[BillingMonth]) -> BillingMonth:
    if not open_months:  # this clock stands before the last close
        raise refused_parameter("month", text, "no month is open")
    if text is None:
        return open_months[0]
    try:
        month = BillingMonth.parse(text)
    except BadMonth as error:
        raise refused_parameter("month", text, str(error)) from error
    if month not in open_months:
        ends = f"{open_months[0]} to {open_months[-1]}"
        raise refused_parameter("month", text, f"is not open: these months are, {ends}")
    return month


async def _job(api: Api) -> CloseJob:
    source = BillingSource(
        storage=api.storage,
        meta=await api.reads.meta(),
        people=await api.people.directory(),
        archive=api.archive,
        cells_max=PREVIEW_CELLS_MAX,
    )
    return CloseJob(
        source=source,
        settings=api.invoicing,
        evidence=stored_evidence(api.storage, api.groups, api.invoicing, now=api.now),
        now=api.now,
    )
