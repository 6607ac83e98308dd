"""The handler that previews an open month. It reads the month's cells, and writes nothing."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.audit.last_audit import last_audit
from table_api.conditional import json_answer
from table_api.invoicing.billing_month import BillingMonth
from table_api.invoicing.close import CloseJob
from table_api.invoicing.connection import waiting_calls
from table_api.invoicing.errors import BadMonth, CloseRefused
from table_api.invoicing.preview_answers import preview_answer
from table_api.invoicing.queries import PreviewQuery
from table_api.invoicing.take_snapshot import BillingSource
from table_api.problems import refused_parameter
from table_api.scope import Api, api_of

PREVIEW_CELLS_MAX = 100_000
"""Cells of one month: some seconds. The verb previews more."""


async def get_invoice_preview(
    request: Request, query: Annotated[PreviewQuery, Query()]
) -> Response:
    """An open month as it would be billed now, by what the last audit found."""
    api = api_of(request)
    job = await _job(api)
    open_months = await job.open_months()
    month = _chosen(query.month, open_months)
    try:
        documents = await job.preview(month, await last_audit(api.storage))
    except CloseRefused as refused:
        raise refused_parameter("month", month, str(refused)) from refused
    return json_answer(request, preview_answer(documents, open_months, job.source.people))


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
    waiting = waiting_calls(api.storage, api.metering, now=api.now)
    return CloseJob(source=source, settings=api.invoicing, open_calls=waiting, now=api.now)
