"""Handlers of calls: what a request asks, read and shaped."""

from typing import Annotated
from unicodedata import normalize

from fastapi import Path, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import Asking, asking_of, question_of
from table_api.http_api.calls import answers
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
from table_api.http_api.conventions.queries import (
    EXAMPLE_SUBJECT,
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    NoQuery,
    RangeQuery,
    Subject,
    Text,
)
from table_api.http_api.visible.calls import call_chain, calls_page
from table_api.http_api.visible.people import visible_people
from table_api.http_api.visible.usage import check_known
from table_api.ledger.keys import CallAddress, subject_rows

EXAMPLE_CALL = opaque_id(
    CallAddress("202610|03", f"c|{EXAMPLE_SUBJECT}|20|20261020T093015.446590Z|6f9619ff")
)


class CallsQuery(RangeQuery):
    """A subject's calls."""

    model: Text | None = Field(
        None, description="Only calls of this model.", examples=["gpt-5-mini"]
    )
    limit: Limit = Field(LIMIT_DEFAULT, description="Calls of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")


CallId = Annotated[str, Path(description="The opaque `id` of a call.", examples=[EXAMPLE_CALL])]


def call_cursor(digest: str, place: CallAddress | None) -> str | None:
    """The cursor after a call of the list; None after the last one."""
    if place is None:
        return None
    return encode_cursor(digest, (opaque_id(place),))


def call_place(query: CallsQuery, digest: str, subject: str) -> CallAddress | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if query.cursor is None:
        return None
    try:
        (name,) = decode_cursor(query.cursor, digest, parts=1)
    except InvalidCursor as error:
        raise refused_parameter("cursor", query.cursor, str(error)) from error
    place = read_call_place(name)
    keys = subject_rows("c", subject)
    if place is None or not keys.start <= place.entry_key < keys.stop:
        raise refused_parameter("cursor", query.cursor, "it is not a cursor of this list")
    return place


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
    digest = filter_digest("calls", question.days, subject, query.model, *binding)
    after = call_place(query, digest, subject)
    page = await calls_page(
        asking, question, subject, limit=query.limit, model=query.model, after=after
    )
    if not page.calls:
        await check_known(asking, question, subject)
    cursor = call_cursor(digest, page.last)
    page_info = Page(next_cursor=cursor, limit=query.limit)
    body = answers.calls(question, page.calls, page_info, subject)
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
