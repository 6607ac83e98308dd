"""Handlers of usage and subjects, and the cursor of the list of subjects."""

from typing import Annotated
from unicodedata import normalize

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import Asking, asking_of, question_of
from table_api.http_api.conventions.cursor import (
    InvalidCursor,
    decode_cursor,
    encode_cursor,
    filter_digest,
    next_link,
)
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.models import Fields
from table_api.http_api.conventions.problems import refused_parameter
from table_api.http_api.conventions.queries import Subject
from table_api.http_api.usage import answers
from table_api.http_api.usage.queries import SubjectsQuery, SubjectUsageQuery, UsageQuery
from table_api.http_api.visible.known import check_cost_centre, check_model, check_subject
from table_api.http_api.visible.usage import (
    Only,
    calls_usage,
    check_known,
    every_subject,
    everybodys_usage,
    newest_call,
    show_list,
    subject_usage,
)
from table_api.usage.grouping import OF_CALLS, OF_CELLS, Dimension
from table_api.usage.subject_list import ListPosition


def subject_cursor(digest: str, place: ListPosition | None) -> str | None:
    """The cursor after a subject of the list; None after the last one."""
    if place is None:
        return None
    return encode_cursor(digest, (str(place[0]), place[1]))


def subject_place(query: SubjectsQuery, digest: str) -> ListPosition | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if query.cursor is None:
        return None
    try:
        amount, subject = decode_cursor(query.cursor, digest, parts=2)
        return int(amount), subject
    except (InvalidCursor, ValueError) as error:
        raise refused_parameter("cursor", query.cursor, str(error)) from error


def _dimensions_read(query: UsageQuery) -> set[Dimension]:
    """What usage is told apart by: what it is grouped by and filtered by."""
    found = set(query.dimensions)
    if query.model is not None:
        found.add(Dimension.MODEL)
    if query.cost_centre is not None:
        found.add(Dimension.COST_CENTRE)
    return found


async def get_usage(request: Request, query: Annotated[UsageQuery, Query()]) -> Response:
    """Usage of everybody in a range of days, grouped."""
    asking = asking_of(request)
    of_people = {Dimension.SUBJECT, Dimension.COST_CENTRE}
    names_people = query.subject is not None or not of_people.isdisjoint(_dimensions_read(query))
    question = await question_of(asking, query, names_people=names_people)
    of_calls = not OF_CALLS.isdisjoint(query.dimensions)
    if query.subject is None:
        read = OF_CELLS if of_calls else _dimensions_read(query)
        cells = await everybodys_usage(asking, question, read)
    else:
        cells = await subject_usage(asking, question, normalize("NFC", query.subject))
    if query.subject is not None and not cells:
        await check_subject(asking, question, normalize("NFC", query.subject))
    await check_model(asking, question, cells, query.model)
    check_cost_centre(question, cells, query.cost_centre)
    if of_calls:
        cells = await calls_usage(asking, question, cells)
    body = answers.usage(question, cells, query, await newest_call(asking, question))
    return json_answer(request, body, asking.caller.binding)


async def get_subjects(request: Request, query: Annotated[SubjectsQuery, Query()]) -> Response:
    """Everybody with usage in a range of days, sorted, a page at a time."""
    asking = asking_of(request)
    question = await question_of(asking, query)
    days, binding = question.days, asking.caller.binding
    digest = filter_digest("subjects", days, *query.filters, *binding)
    after = subject_place(query, digest)
    only = Only(model=query.model, cost_centre=query.cost_centre)
    every = await every_subject(asking, question, only, compared=query.compared)
    found = every.matching(query.q)
    page, last = found.page(query.sort, query.order, limit=query.limit, after=after)
    if not page and after is None:
        await check_model(asking, question, (), query.model)
        check_cost_centre(question, (), query.cost_centre)
    show_list(asking, question, page, is_whole=after is None and last is None)
    cursor = subject_cursor(digest, last)
    page_info: Fields = {"next_cursor": cursor, "limit": query.limit}
    body = answers.subjects(question, found, page, page_info)
    return json_answer(request, body, binding, link=next_link(request, days, cursor))


async def get_subject_usage(
    request: Request, subject: Subject, query: Annotated[SubjectUsageQuery, Query()]
) -> Response:
    """Usage of one subject in a range of days, grouped."""
    return await usage_answer(request, asking_of(request), normalize("NFC", subject), query)


async def usage_answer(
    request: Request, asking: Asking, subject: str, query: SubjectUsageQuery
) -> Response:
    """A subject's usage; Refused when the caller knows no such subject."""
    question = await question_of(asking, query)
    cells = await subject_usage(asking, question, subject)
    if not cells:
        await check_known(asking, question, subject)
    asking.show([subject])  # its name, also where it has no usage
    body = answers.subject_usage(question, cells, query, subject)
    return json_answer(request, body, asking.caller.binding)
