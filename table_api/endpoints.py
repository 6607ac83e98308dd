"""The handlers: each parses, asks the reads, shapes the answer. Owns no rule of its own."""

import asyncio
from typing import Annotated
from unicodedata import normalize

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from table_api import call_answers, responses, usage_answers
from table_api.call_place import read_call_place
from table_api.completeness.reads import CALLS_READ_MAX
from table_api.completeness_answers import completeness_answer
from table_api.conditional import json_answer
from table_api.consumer_state.progress import newest_enqueued_time
from table_api.errors import Unavailable
from table_api.list_places import (
    call_cursor,
    call_place,
    next_link,
    subject_cursor,
    subject_place,
)
from table_api.metering_answers import metering_answer
from table_api.metering_status import read_metering
from table_api.problems import ProblemKind, Refused
from table_api.queries import (
    CallsQuery,
    CompletenessQuery,
    NoQuery,
    SubjectsQuery,
    SubjectUsageQuery,
    UsageQuery,
)
from table_api.scope import api_of, check_known, every_subject, everybodys_usage, scope_of

HEALTH_TIMEOUT_S = 5.0
"""A probe wants to know soon; other reads are tried for longer."""

Subject = Annotated[str, Path(description="Who is billed, as the ledger spells it.")]
CallId = Annotated[str, Path(description="The opaque `id` of a call.")]


async def get_health(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Whether the API and its storage answer."""
    api = api_of(request)
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_S):
            settings = (await api.reads.fresh_meta()).settings
    except TimeoutError:
        raise Unavailable(f"no answer within {HEALTH_TIMEOUT_S} s") from None
    health = responses.Health(
        status="ok",
        zone=settings.zone,
        currency=settings.pricing_currency,
        auth_mode=api.auth_mode.value,
    )
    return json_answer(request, health)


async def get_usage(request: Request, query: Annotated[UsageQuery, Query()]) -> Response:
    """Usage of everybody in a range of days, grouped."""
    api = api_of(request)
    scope = await scope_of(api, query)
    if query.subject is None:
        cells = await everybodys_usage(api, scope, query)
    else:
        cells = await api.reads.subject_usage(normalize("NFC", query.subject), scope.days)
    newest = await newest_enqueued_time(api.storage, api.metering)
    return json_answer(request, usage_answers.usage(scope, cells, query, newest))


async def get_subjects(request: Request, query: Annotated[SubjectsQuery, Query()]) -> Response:
    """Everybody with usage in a range of days, sorted, a page at a time."""
    api = api_of(request)
    scope = await scope_of(api, query)
    after = subject_place(query, scope.days)
    found = (await every_subject(api, scope)).matching(query.q)
    page, last = found.page(query.sort, query.order, limit=query.limit, after=after)
    cursor = subject_cursor(query, scope.days, last)
    page_info: usage_answers.Fields = {"next_cursor": cursor, "limit": query.limit}
    body = usage_answers.subjects(scope, found.totals(), page, page_info)
    return json_answer(request, body, link=next_link(request, scope.days, cursor))


async def get_subject_usage(
    request: Request, subject: Subject, query: Annotated[SubjectUsageQuery, Query()]
) -> Response:
    """Usage of one subject in a range of days, grouped."""
    api = api_of(request)
    scope = await scope_of(api, query)
    subject = normalize("NFC", subject)
    cells = await api.reads.subject_usage(subject, scope.days)
    if not cells:
        await check_known(api, scope, subject)
    return json_answer(request, usage_answers.subject_usage(scope, cells, query, subject))


async def get_subject_calls(
    request: Request, subject: Subject, query: Annotated[CallsQuery, Query()]
) -> Response:
    """A subject's calls in the order of their time, a page at a time."""
    api = api_of(request)
    scope = await scope_of(api, query)
    subject = normalize("NFC", subject)
    after = call_place(query, scope.days, subject)
    page = await api.calls.page(
        subject, scope.days, limit=query.limit, model=query.model, after=after
    )
    if not page.calls:
        await check_known(api, scope, subject)
    cursor = call_cursor(query, scope.days, subject, page.last)
    page_info = responses.Page(next_cursor=cursor, limit=query.limit)
    body = call_answers.calls(scope, page.calls, page_info, subject)
    return json_answer(request, body, link=next_link(request, scope.days, cursor))


async def get_call(
    request: Request, call_id: CallId, query: Annotated[NoQuery, Query()]
) -> Response:
    """One call with its chain and the explanation of its cost."""
    api = api_of(request)
    place = read_call_place(call_id)
    chain = await api.calls.chain(place) if place is not None else []
    if not chain:
        raise Refused(ProblemKind.UNKNOWN_CALL, "no call of the ledger has this id")
    meta, people = await api.reads.meta(), await api.people.directory()
    return json_answer(request, call_answers.call_detail(chain, meta, people))


async def get_metering(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """How far metering is, what it could not rate, and whether the last audit was clean."""
    api = api_of(request)
    await api.reads.meta()
    status = await read_metering(api.storage, api.metering)
    return json_answer(request, metering_answer(status))


async def get_completeness(
    request: Request, query: Annotated[CompletenessQuery, Query()]
) -> Response:
    """What each of the two paths missed, per hour, API and model."""
    api = api_of(request)
    meta = await api.reads.meta()
    days = query.days(meta.calendar.day(api.now()))
    reading = await api.completeness.read(days, calls_max=CALLS_READ_MAX)
    return json_answer(request, completeness_answer(reading, meta, days))
