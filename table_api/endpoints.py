"""The handlers: each parses, asks the reads, shapes the answer. Owns no rule of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from unicodedata import normalize
from urllib.parse import quote, urlencode

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from table_api import call_answers, responses, usage_answers
from table_api.call_place import read_call_place
from table_api.call_reads import CallReads
from table_api.conditional import json_answer
from table_api.daily_usage import DailyUsage, sum_totals
from table_api.list_places import call_cursor, call_place, subject_cursor, subject_place
from table_api.meta import LedgerMeta
from table_api.metering_answers import metering_answer
from table_api.metering_status import MeteringPlace, newest_enqueued_time, read_metering
from table_api.people import People, PeopleDirectory
from table_api.periods import DayRange
from table_api.problems import ProblemKind, Refused, refused_parameter
from table_api.queries import (
    CallsQuery,
    NoQuery,
    RangeQuery,
    SubjectsQuery,
    SubjectUsageQuery,
    UsageQuery,
)
from table_api.reads import LedgerReads
from table_api.storage import TableStorage
from table_api.subjects import matching, page_of, subject_usages
from table_api.usage_report import group_usage

GROUPS_MAX = 20_000
"""Lines of one usage report: about 6 MB."""

Subject = Annotated[str, Path(description="Who is billed, as the ledger spells it.")]
CallId = Annotated[str, Path(description="The opaque `id` of a call.")]


class AuthMode(StrEnum):
    """Who may ask."""

    LOCAL = "local"
    """Everybody on this machine: no authorization, loopback only."""
    FUNCTION_KEY = "function_key"
    """Whoever has the key that Azure Functions checks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the handlers ask; one per app."""

    storage: TableStorage
    reads: LedgerReads
    calls: CallReads
    people: People
    now: Callable[[], datetime]
    auth_mode: AuthMode
    metering: MeteringPlace


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one question is about: the ledger, its days, today's people."""

    meta: LedgerMeta
    people: PeopleDirectory
    today: date
    days: DayRange

    @property
    def billed(self) -> bool:
        """Whether the ledger has two currencies."""
        return usage_answers.billing_currency(self.meta) is not None


def api_of(request: Request) -> Api:
    """The app's Api."""
    api: Api = request.app.state.api
    return api


async def scope_of(api: Api, query: RangeQuery) -> Scope:
    """Read what every list needs; Refused when the range cannot be used."""
    meta = await api.reads.meta()
    today = meta.calendar.day(api.now())
    people = await api.people.directory()
    return Scope(meta=meta, people=people, today=today, days=query.days(today))


async def get_health(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Whether the API and its storage answer."""
    api = api_of(request)
    settings = (await api.reads.fresh_meta()).settings
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
        cells = await api.reads.usage(scope.days)
    else:
        cells = await api.reads.subject_usage(normalize("NFC", query.subject), scope.days)
    fields = _report(scope, _filtered(cells, query, scope.people), query)
    newest = await newest_enqueued_time(api.storage, api.metering)
    return json_answer(request, responses.Usage.model_validate(fields | {"newest_call": newest}))


async def get_subjects(request: Request, query: Annotated[SubjectsQuery, Query()]) -> Response:
    """Everybody with usage in a range of days, sorted, a page at a time."""
    api = api_of(request)
    scope = await scope_of(api, query)
    after = subject_place(query, scope.days)
    usages = subject_usages(await api.reads.usage(scope.days), scope.people, today=scope.today)
    found = matching(usages, query.q) if query.q else usages
    page, last = page_of(found, query.sort, query.order, limit=query.limit, after=after)
    cursor = subject_cursor(query, scope.days, last) if last is not None else None
    fields = usage_answers.head(scope.meta, scope.days) | {
        "data": [usage_answers.subject_line(usage, billed=scope.billed) for usage in page],
        "totals": usage_answers.totals(
            sum_totals(usage.totals for usage in found), billed=scope.billed
        ),
        "page": responses.Page(next_cursor=cursor, limit=query.limit),
    }
    return json_answer(
        request, responses.Subjects.model_validate(fields), link=_next(request, scope, cursor)
    )


async def get_subject_usage(
    request: Request, subject: Subject, query: Annotated[SubjectUsageQuery, Query()]
) -> Response:
    """Usage of one subject in a range of days, grouped."""
    api = api_of(request)
    scope = await scope_of(api, query)
    subject = normalize("NFC", subject)
    cells = await api.reads.subject_usage(subject, scope.days)
    if not cells:
        await _check_known(api, scope, subject)
    fields = _report(scope, cells, query) | _who(scope, subject)
    return json_answer(request, responses.SubjectUsage.model_validate(fields))


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
    if not page.calls and page.last is None and after is None:
        await _check_known(api, scope, subject)
    cursor = call_cursor(query, scope.days, subject, page.last) if page.last is not None else None
    fields = {
        **usage_answers.head(scope.meta, scope.days),
        **_who(scope, subject),
        "data": [call_answers.call(entry) for entry in page.calls],
        "page": responses.Page(next_cursor=cursor, limit=query.limit),
    }
    return json_answer(
        request, responses.Calls.model_validate(fields), link=_next(request, scope, cursor)
    )


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
    person = people.at(str(chain[-1].row["subject"]), call_answers.charge_day(chain[-1]))
    return json_answer(request, call_answers.call_detail(chain, meta, person))


async def get_metering(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """How far metering is, what it could not rate, and whether the last audit was clean."""
    api = api_of(request)
    await api.reads.meta()
    status = await read_metering(api.storage, api.metering)
    return json_answer(request, metering_answer(status))


def _filtered(
    cells: list[DailyUsage], query: UsageQuery, people: PeopleDirectory
) -> list[DailyUsage]:
    if query.model is not None:
        cells = [cell for cell in cells if cell.model == query.model]
    if query.cost_centre is not None:
        wanted = query.cost_centre or None
        cells = [cell for cell in cells if people.cost_centre(cell.subject, cell.day) == wanted]
    return cells


def _report(
    scope: Scope, cells: list[DailyUsage], query: UsageQuery | SubjectUsageQuery
) -> dict[str, object]:
    dimensions = query.dimensions
    groups = group_usage(cells, dimensions, scope.people.cost_centre)
    if len(groups) > GROUPS_MAX:
        raise refused_parameter(
            "group_by", query.group_by, f"gives {len(groups)} lines, {GROUPS_MAX} are the limit"
        )
    total = sum_totals(group.totals for group in groups)
    return usage_answers.head(scope.meta, scope.days) | {
        "data": usage_answers.usage_lines(groups, dimensions, billed=scope.billed),
        "totals": usage_answers.totals(total, billed=scope.billed),
    }


def _who(scope: Scope, subject: str) -> dict[str, object]:
    return {
        "subject": subject,
        "name": scope.people.name(subject, scope.today),
        "cost_centre": scope.people.cost_centre(subject, scope.today),
    }


async def _check_known(api: Api, scope: Scope, subject: str) -> None:
    if subject not in scope.people and not await api.reads.knows(subject, scope.today):
        raise Refused(
            ProblemKind.UNKNOWN_SUBJECT, "neither the ledger nor the people know this subject"
        )


def _next(request: Request, scope: Scope, cursor: str | None) -> str | None:
    """`Link` to the next page, with the range spelled out: the running month may end meanwhile."""
    if cursor is None:
        return None
    parameters: Mapping[str, str] = dict(request.query_params) | {
        "from": scope.days.start.isoformat(),
        "to": scope.days.stop.isoformat(),
        "cursor": cursor,
    }
    return f'<{quote(request.url.path)}?{urlencode(parameters)}>; rel="next"'
