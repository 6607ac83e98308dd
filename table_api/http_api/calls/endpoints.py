"""Handlers of calls: what a request asks, read and shaped."""

from datetime import UTC, datetime
from typing import Annotated
from unicodedata import normalize

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import Asking, asking_of, question_of
from table_api.http_api.calls import answers
from table_api.http_api.calls.queries import CallId, CallOrder, CallsQuery, FoundCallsQuery
from table_api.http_api.conventions.call_id import opaque_id, read_call_place
from table_api.http_api.conventions.cursor import (
    InvalidCursor,
    decode_cursor,
    encode_cursor,
    filter_digest,
    next_link,
)
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.models import Page
from table_api.http_api.conventions.problems import ProblemKind, Refused, refused_parameter
from table_api.http_api.conventions.queries import NoQuery, Subject
from table_api.http_api.visible.calls import call_chain, calls_page, newest_page, only_subject
from table_api.http_api.visible.found_calls import CallSearch
from table_api.http_api.visible.known import check_model, check_subject
from table_api.http_api.visible.people import visible_people
from table_api.http_api.visible.usage import check_known
from table_api.ledger.keys import CallAddress, subject_rows
from table_api.usage.recent_calls import Position

CURSOR_TIME = "20%y-%m-%dT%H:%M:%S.%f%z"
"""A time of this century, so that no forged one is out of range."""


def call_cursor(digest: str, place: CallAddress | None) -> str | None:
    """The cursor after a call of the list; None after the last one."""
    if place is None:
        return None
    return encode_cursor(digest, (opaque_id(place),))


def call_place(cursor: str | None, digest: str, subject: str) -> CallAddress | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if cursor is None:
        return None
    try:
        (name,) = decode_cursor(cursor, digest, parts=1)
    except InvalidCursor as error:
        raise refused_parameter("cursor", cursor, str(error)) from error
    place = read_call_place(name)
    keys = subject_rows("c", subject)
    if place is None or not keys.start <= place.entry_key < keys.stop:
        raise refused_parameter("cursor", cursor, "it is not a cursor of this list")
    return place


def position_cursor(digest: str, position: Position | None) -> str | None:
    """The cursor after a call of a list over everybody; None after the last one."""
    if position is None:
        return None
    time, call_id = position
    return encode_cursor(digest, (time.astimezone(UTC).strftime(CURSOR_TIME), call_id))


def call_position(cursor: str | None, digest: str) -> Position | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if cursor is None:
        return None
    try:
        text, call_id = decode_cursor(cursor, digest, parts=2)
        time = datetime.strptime(text, CURSOR_TIME)
    except InvalidCursor as error:
        raise refused_parameter("cursor", cursor, str(error)) from error
    except ValueError as error:
        raise refused_parameter("cursor", cursor, "it is not a cursor of this list") from error
    return time, call_id


async def get_subject_calls(
    request: Request, subject: Subject, query: Annotated[CallsQuery, Query()]
) -> Response:
    """A subject's calls in the order of their time, a page at a time."""
    return await calls_answer(request, asking_of(request), normalize("NFC", subject), query)


async def calls_answer(
    request: Request, asking: Asking, subject: str, query: CallsQuery
) -> Response:
    """A page of a subject's calls; Refused when the caller knows no such subject."""
    question = await question_of(asking, query)
    binding = asking.caller.binding
    # The first release had no order: its cursors stay good.
    order = () if query.order is CallOrder.OLDEST else (query.order.value,)
    digest = filter_digest("calls", question.days, subject, query.model, *order, *binding)
    after = call_place(query.cursor, digest, subject)
    if query.order is CallOrder.NEWEST:
        page = await newest_page(
            asking, question, subject, limit=query.limit, wanted=query.wants, before=after
        )
    else:
        page = await calls_page(
            asking, question, subject, limit=query.limit, model=query.model, after=after
        )
    if not page.calls:
        await check_known(asking, question, subject)
        await check_model(asking, question, (), query.model)
    cursor = call_cursor(digest, page.last)
    page_info = Page(next_cursor=cursor, limit=query.limit)
    body = answers.calls(question, page.calls, page_info, subject)
    return json_answer(request, body, binding, link=next_link(request, question.days, cursor))


async def get_calls(request: Request, query: Annotated[FoundCallsQuery, Query()]) -> Response:
    """Calls of everybody, or found by an id or session; the newest first, a page at a time."""
    asking = asking_of(request)
    question = await question_of(asking, query)
    binding = asking.caller.binding
    digest = filter_digest("found-calls", question.days, *query.filters, *binding)
    await check_model(asking, question, (), query.model)
    subject = normalize("NFC", query.subject) if query.subject else only_subject(question)
    if subject is not None:
        before = call_place(query.cursor, digest, subject)
        of_subject = await newest_page(
            asking, question, subject, limit=query.limit, wanted=query.wants, before=before
        )
        if not of_subject.calls:
            await check_subject(asking, question, query.subject)
        entries, facts_from = of_subject.calls, None
        cursor = call_cursor(digest, of_subject.last)
    else:
        search = CallSearch(asking=asking, question=question, wish=query)
        found = await search.page(limit=query.limit, before=call_position(query.cursor, digest))
        entries, facts_from = tuple(found.calls), found.facts_from
        cursor = position_cursor(digest, found.last)
    page_info = Page(next_cursor=cursor, limit=query.limit)
    body = answers.found_calls(question, entries, page_info, facts_from)
    return json_answer(request, body, binding, link=next_link(request, question.days, cursor))


async def get_call(
    request: Request, call_id: CallId, query: Annotated[NoQuery, Query()]
) -> Response:
    """One call with its chain and the explanation of its cost."""
    asking = asking_of(request)
    place = read_call_place(call_id)
    chain = await call_chain(asking, place) if place is not None else ()
    if not chain:
        raise Refused(ProblemKind.UNKNOWN_CALL, "no call of the ledger has this id")
    meta, people = await asking.api.reads.meta(), await visible_people(asking)
    caller = asking.caller
    body = answers.call_detail(chain, meta, people, with_operators=caller.sees_everybody)
    return json_answer(request, body, caller.binding)
