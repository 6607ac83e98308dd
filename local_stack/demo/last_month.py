"""Closes the generated last month: its invoices."""

import asyncio
from collections.abc import Callable

from local_stack.demo import stack
from table_api.invoicing.closing.close import CloseJob
from table_api.invoicing.closing.close_job import open_job
from table_api.invoicing.errors import CloseRefused
from table_api.settings import read_settings

CLOSE_TRIES, CLOSE_RETRY_S = 40, 1.0


async def _close_due(job: CloseJob, tell: Callable[[str], None]) -> CloseRefused | None:
    """The readers confirm that they are at the end of both hubs within their next looks."""
    refused: CloseRefused | None = None
    for _ in range(CLOSE_TRIES):
        try:
            await job.close_due()
        except CloseRefused as error:
            if refused is None or str(refused) != str(error):
                tell(f"the close waits: {error}")
            refused = error
            await asyncio.sleep(CLOSE_RETRY_S)
        else:
            return None
    return refused


async def close_last_month(
    ports: stack.Ports, *, without_pairing: bool, tell: Callable[[str], None]
) -> str:
    """Close every month that is over: the generated last one. Returns the result in words."""
    environment = {"INVOICE_WITHOUT_PAIRING": "true" if without_pairing else "false"}
    async with open_job(read_settings({**stack.settings(ports), **environment})) as job:
        refused = await _close_due(job, tell)
        if refused is not None:
            return f"refused: {refused}"
        closed = await job.archive.manifests()
    if not closed:
        return "no month is over yet"
    last = closed[0]
    invoices = f"{len(last.invoices)} invoices, page /invoices"
    return f"{last.amount} {last.currency} for {last.month}: {invoices}"
