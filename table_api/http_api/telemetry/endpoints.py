"""Handlers of what Application Insights holds: what a request asks, read and shaped."""

import re
from datetime import UTC, datetime
from typing import Annotated
from unicodedata import normalize

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import Asking, Question, asking_of, head, question_of, who
from table_api.http_api.conventions.call_id import read_call_place
from table_api.http_api.conventions.cursor import (
    InvalidCursor,
    decode_cursor,
    encode_cursor,
    filter_digest,
    next_link,
)
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.models import Fields
from table_api.http_api.conventions.problems import ProblemKind, Refused, refused_parameter
from table_api.http_api.conventions.queries import NoQuery, Subject
from table_api.http_api.telemetry import answers
from table_api.http_api.telemetry.queries import (
    CallId,
    TelemetryCallsQuery,
    TelemetryQuery,
    TopQuery,
)
from table_api.http_api.telemetry.reconciled import reconciled_days
from table_api.http_api.telemetry.traces import trace
from table_api.http_api.visible.calls import call_chain
from table_api.http_api.visible.insights import (
    Position,
    call_id_of,
    call_items,
    insights_for,
    sent_until,
    subjects_by_user,
    three_sides,
    token_hours,
    top_groups,
    user_calls,
    user_days,
    user_sessions,
)
from table_api.http_api.visible.people import visible_people
from table_api.http_api.visible.usage import check_known, subject_usage

_TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII).fullmatch
_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


async def _begun(request: Request, query: TelemetryQuery) -> tuple[Asking, Question]:
    asking = asking_of(request)
    insights_for(asking)
    return asking, await question_of(asking, query)


async def _head(asking: Asking, question: Question) -> Fields:
    return head(question) | {"published_until": await sent_until(asking)}


async def get_usage(
    request: Request, subject: Subject, query: Annotated[TelemetryQuery, Query()]
) -> Response:
    """A subject's usage as Application Insights has it, next to the ledger's."""
    asking, question = await _begun(request, query)
    subject = normalize("NFC", subject)
    cells = await subject_usage(asking, question, subject)
    found = await user_days(asking, question, subject)
    if not cells and not found:
        await check_known(asking, question, subject)
    lines = {"data": list(answers.usage_lines(found, cells))}
    body = await _head(asking, question) | who(question, subject) | lines
    return json_answer(request, body, asking.caller.binding)


async def get_sessions(
    request: Request, subject: Subject, query: Annotated[TelemetryQuery, Query()]
) -> Response:
    """A subject's sessions, the last first."""
    asking, question = await _begun(request, query)
    subject = normalize("NFC", subject)
    found, more = await user_sessions(asking, question, subject)
    if not found:
        await check_known(asking, question, subject)
    lines = {"more": more, "data": answers.session_lines(found)}
    body = await _head(asking, question) | who(question, subject) | lines
    return json_answer(request, body, asking.caller.binding)


async def get_calls(
    request: Request, subject: Subject, query: Annotated[TelemetryCallsQuery, Query()]
) -> Response:
    """A subject's calls with what gateway and model said of them, the newest first."""
    asking, question = await _begun(request, query)
    subject, binding = normalize("NFC", subject), asking.caller.binding
    digest = filter_digest("telemetry", question.days, subject, query.session, *binding)
    before = _position(query.cursor, digest)
    page = await user_calls(
        asking, question, subject, session=query.session, limit=query.limit, before=before
    )
    if not page.calls:
        await check_known(asking, question, subject)
    cursor = None
    if page.more and page.calls:
        last = page.calls[-1]
        time = last.time.astimezone(UTC).strftime(_FORMAT)
        cursor = encode_cursor(digest, (time, last.entry))
    lines = [
        answers.call_line(call, call_id_of(asking, question, subject, call)) for call in page.calls
    ]
    page_info: Fields = {"next_cursor": cursor, "limit": query.limit}
    body = await _head(asking, question) | who(question, subject)
    body |= {"partial": page.partial, "data": lines, "page": page_info}
    return json_answer(request, body, binding, link=next_link(request, question.days, cursor))


def _position(cursor: str | None, digest: str) -> Position | None:
    if cursor is None:
        return None
    try:
        text, entry = decode_cursor(cursor, digest, parts=2)
        if not _TIME(text):
            raise InvalidCursor("it is not a cursor of this list")
        return datetime.strptime(text, _FORMAT).replace(tzinfo=UTC), entry
    except (InvalidCursor, ValueError) as error:
        detail = str(error) if isinstance(error, InvalidCursor) else "it names no time"
        raise refused_parameter("cursor", cursor, detail) from error


async def get_call(
    request: Request, call_id: CallId, query: Annotated[NoQuery, Query()]
) -> Response:
    """One call from the gateway to the ledger."""
    asking = asking_of(request)
    insights_for(asking)
    place = read_call_place(call_id)
    chain = await call_chain(asking, place) if place is not None else ()
    if not chain:
        raise Refused(ProblemKind.UNKNOWN_CALL, "no call of the ledger has this id")
    people = await visible_people(asking)
    name = people.name(chain[-1].subject, chain[-1].day)
    items, until = await call_items(asking, chain), await sent_until(asking)
    return json_answer(request, trace(chain, items, name, until), asking.caller.binding)


async def get_top(request: Request, query: Annotated[TopQuery, Query()]) -> Response:
    """Who, or what, costs most."""
    asking, question = await _begun(request, query)
    rows = await top_groups(asking, question, query.by.value)
    subjects = await subjects_by_user(asking, question)
    body = await _head(asking, question) | answers.top(question, rows, query.by, subjects)
    return json_answer(request, body, asking.caller.binding)


async def get_tokens(request: Request, query: Annotated[TelemetryQuery, Query()]) -> Response:
    """The gateway's token metric next to the ledger's tokens, by hour."""
    asking, question = await _begun(request, query)
    rows = await token_hours(asking, question)
    body = await _head(asking, question) | {"data": [answers.token_line(row) for row in rows]}
    return json_answer(request, body, asking.caller.binding)


async def get_reconciliation(
    request: Request, query: Annotated[TelemetryQuery, Query()]
) -> Response:
    """The ledger, what was sent, and what Application Insights has of it, by day."""
    asking, question = await _begun(request, query)
    sides = await three_sides(asking, question)
    days = list(reconciled_days(sides, asking.api.now()))
    is_equal = all(day["state"] == "equal" for day in days)
    body = await _head(asking, question) | {"is_equal": is_equal, "data": days}
    return json_answer(request, body, asking.caller.binding)
