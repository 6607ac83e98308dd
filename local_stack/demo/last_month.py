"""Closes the generated last month: its invoices."""

import asyncio

from local_stack.demo import stack
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.errors import CloseRefused
from table_api.invoicing.snapshots.billing_month import period_of
from table_api.settings import read_settings

CLOSE_TRIES, CLOSE_RETRY_S = 40, 1.0


async def _close_due(job: CloseJob) -> CloseRefused | None:
    """A try adds up the whole ledger: it is worth it once the hubs are read."""
    for _ in range(CLOSE_TRIES):
        if not await _has_unread(job):
            break
        await asyncio.sleep(CLOSE_RETRY_S)
    try:
        await job.close_due()
    except CloseRefused as refused:
        return refused
    return None


async def _has_unread(job: CloseJob) -> bool:
    """The readers confirm that they are at the end of both hubs within their next looks."""
    for month in await job.due():
        _, stop = period_of(job.source.meta.calendar, month)
        if await job.unread(stop):
            return True
    return False


async def close_last_month(ports: stack.Ports, *, without_pairing: bool) -> str:
    """Close every month that is over: the generated last one. Returns the result in words."""
    environment = {"INVOICE_WITHOUT_PAIRING": "true" if without_pairing else "false"}
    async with open_job(read_settings({**stack.settings(ports), **environment})) as job:
        refused = await _close_due(job)
        if refused is not None:
            return f"refused: {refused}"
        closed = await job.archive.manifests()
    if not closed:
        return "no month is over yet"
    last = closed[0]
    invoices = f"{len(last.invoices)} invoices, page /invoices"
    return f"{last.amount} {last.currency} for {last.month}: {invoices}"
