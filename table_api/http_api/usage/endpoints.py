"""Handlers of usage and subjects, and the cursor of the list of subjects."""

from collections.abc import Sequence
from typing import Annotated
from unicodedata import normalize

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.consumer_state.progress import newest_enqueued_time
from table_api.http_api.access.question import Api, Question, api_of, check_known, question_of
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
from table_api.ledger.day_range import DayRange
from table_api.monthly.reads import MonthlyReads
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.grouping import Dimension
from table_api.usage.subject_list import ListPosition, SubjectList, columns_of


def subject_cursor(query: SubjectsQuery, days: DayRange, place: ListPosition | None) -> str | None:
    """The cursor after a subject of the list; None after the last one."""
    if place is None:
        return None
    return encode_cursor(_subjects_digest(query, days), (str(place[0]), place[1]))


def subject_place(query: SubjectsQuery, days: DayRange) -> ListPosition | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if query.cursor is None:
        return None
    try:
        amount, subject = decode_cursor(query.cursor, _subjects_digest(query, days), parts=2)
        return int(amount), subject
    except (InvalidCursor, ValueError) as error:
        raise refused_parameter("cursor", query.cursor, str(error)) from error


def _subjects_digest(query: SubjectsQuery, days: DayRange) -> str:
    return filter_digest("subjects", days, query.sort.value, query.order.value, query.q)


async def everybodys_usage(api: Api, question: Question, query: UsageQuery) -> Sequence[DailyUsage]:
    """What a report over everybody adds up: of `monthly`, or the cells while it is not rebuilt."""
    if not question.meta.has_monthly:
        return await api.reads.usage(question.days)
    dimensions = query.dimensions
    # Whose cost centre it is depends on the charge day.
    of_centres = query.cost_centre is not None or Dimension.COST_CENTRE in dimensions
    return await MonthlyReads(api.storage).usage(
        question.days,
        by_subject=of_centres or Dimension.SUBJECT in dimensions,
        by_model=query.model is not None or Dimension.MODEL in dimensions,
        by_day=of_centres or Dimension.DAY in dimensions,
    )


async def every_subject(api: Api, question: Question) -> SubjectList:
    """The list of subjects: of `monthly`, or the cells while it is not rebuilt."""
    if question.meta.has_monthly:
        parts = await MonthlyReads(api.storage).subjects(question.days)
    else:
        parts = [columns_of(await api.reads.usage(question.days))]
    return SubjectList(parts, question.people, today=question.today)


async def get_usage(request: Request, query: Annotated[UsageQuery, Query()]) -> Response:
    """Usage of everybody in a range of days, grouped."""
    api = api_of(request)
    question = await question_of(api, query)
    if query.subject is None:
        cells = await everybodys_usage(api, question, query)
    else:
        cells = await api.reads.subject_usage(normalize("NFC", query.subject), question.days)
    newest = await newest_enqueued_time(api.storage, api.groups.metering)
    return json_answer(request, answers.usage(question, cells, query, newest))


async def get_subjects(request: Request, query: Annotated[SubjectsQuery, Query()]) -> Response:
    """Everybody with usage in a range of days, sorted, a page at a time."""
    api = api_of(request)
    question = await question_of(api, query)
    after = subject_place(query, question.days)
    found = (await every_subject(api, question)).matching(query.q)
    page, last = found.page(query.sort, query.order, limit=query.limit, after=after)
    cursor = subject_cursor(query, question.days, last)
    page_info: Fields = {"next_cursor": cursor, "limit": query.limit}
    body = answers.subjects(question, found.totals(), page, page_info)
    return json_answer(request, body, link=next_link(request, question.days, cursor))


async def get_subject_usage(
    request: Request, subject: Subject, query: Annotated[SubjectUsageQuery, Query()]
) -> Response:
    """Usage of one subject in a range of days, grouped."""
    api = api_of(request)
    question = await question_of(api, query)
    subject = normalize("NFC", subject)
    cells = await api.reads.subject_usage(subject, question.days)
    if not cells:
        await check_known(api, question, subject)
    return json_answer(request, answers.subject_usage(question, cells, query, subject))
