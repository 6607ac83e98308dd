"""Closes the generated last month: its invoices."""

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from local_stack.demo import stack
from table_api.audit.ledger_audit import AuditReport
from table_api.errors import Unavailable
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.documents.document import decode_document
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.snapshots.billing_month import BillingMonth, period_of
from table_api.invoicing.snapshots.manifest import Manifest
from table_api.settings import read_settings

CLOSE_TRIES, CLOSE_RETRY_S = 80, 0.5
BUSY_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What closing the last month made."""

    text: str
    """For the box: the sum, or why there is none."""
    credited: str | None = None
    """What its correction lines give back, a positive amount; None where they give nothing."""


async def wait_until_read(ports: stack.Ports, *, without_pairing: bool) -> None:
    """Until the readers of both hubs have confirmed that they are past the last month, or for as
    long as it is worth waiting. The audit of a close comes after that."""
    async with open_job(read_settings(_environment(ports, without_pairing))) as job:
        for _ in range(CLOSE_TRIES):
            if not await _has_unread(job):
                break
            await asyncio.sleep(CLOSE_RETRY_S)


async def _has_unread(job: CloseJob) -> bool:
    for month in await _over(job):
        start, stop = period_of(job.source.meta.calendar, month)
        if await job.evidence.unread(start, stop):
            return True
    return False


async def close_last_month(
    ports: stack.Ports, audited: AuditReport, *, without_pairing: bool
) -> Bill:
    """Close every month that is over: the generated last one."""
    async with open_job(read_settings(_environment(ports, without_pairing))) as job:
        try:
            await _closed(job, audited)
        except CloseRefused as refused:
            return Bill(text=f"refused: {refused}")
        closed = await job.archive.manifests()
        if not closed:
            return Bill(text="no month is over yet")
        last = closed[0]
        credit = await _credit(job, last)
    invoices = f"{len(last.invoices)} invoices, page /invoices"
    return Bill(
        text=f"{last.amount} {last.currency} for {last.month}: {invoices}",
        credited=f"{-credit} {last.currency}" if credit < 0 else None,
    )


async def _over(job: CloseJob) -> list[BillingMonth]:
    """Months that are over and not billed, also on the first morning of a month. A schedule waits
    some hours for late events; here all have been sent.
    """
    return (await job.open_months())[:-1]


async def _closed(job: CloseJob, audited: AuditReport) -> None:
    """A close may be repeated: on a busy machine, storage is late now and then."""
    for _ in range(BUSY_TRIES):
        try:
            await _close(job, audited)
            return
        except Unavailable:
            await asyncio.sleep(CLOSE_RETRY_S)
    await _close(job, audited)


async def _close(job: CloseJob, audited: AuditReport) -> None:
    await job.close_due(audited)  # ends what an earlier run has begun
    for month in await _over(job):
        await job.close(month, audited=audited)


async def _credit(job: CloseJob, manifest: Manifest) -> Decimal:
    """The sum of the correction lines of all invoices of a month."""
    total, month = Decimal(0), BillingMonth.parse(manifest.month)
    for file in manifest.files:
        if file.name.startswith("invoices/") and file.name.endswith(".json"):
            document = decode_document(await job.archive.file(month, file), file.name)
            total += sum(
                (Decimal(part.amount) for part in document.subtotals if part.kind == "correction"),
                Decimal(0),
            )
    return total


def _environment(ports: stack.Ports, without_pairing: bool) -> dict[str, str]:
    return {
        **stack.settings(ports),
        "INVOICE_WITHOUT_PAIRING": "true" if without_pairing else "false",
    }
