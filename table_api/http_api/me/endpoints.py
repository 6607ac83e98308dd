"""Handlers of the caller: who they are, and their own usage and calls."""

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.caller import Permission
from table_api.http_api.access.question import Asking, asking_of
from table_api.http_api.calls.endpoints import calls_answer
from table_api.http_api.calls.queries import CallsQuery
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.http_api.conventions.queries import NoQuery
from table_api.http_api.me import models
from table_api.http_api.usage.endpoints import usage_answer
from table_api.http_api.usage.queries import SubjectUsageQuery
from table_api.http_api.visible.people import visible_people


async def get_me(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Who the caller is, and what they may see."""
    asking = asking_of(request)
    caller = asking.caller
    person = None
    if caller.subject is not None:
        api = asking.api
        today = (await api.reads.meta()).calendar.day(api.now())
        person = (await visible_people(asking)).at(caller.subject, today)
    body = models.Me(
        subject=caller.subject,
        name=person.display_name if person else None,
        cost_centre=person.cost_centre if person else None,
        roles=sorted(caller.roles),
        permissions=[each for each in Permission if caller.may(each)],
        sees_everybody=caller.sees_everybody,
        owns=[
            models.Owned(
                kind=each.kind,
                name=each.name,
                valid_from=each.valid_from,
                valid_until=each.valid_until,
            )
            for each in await asking.api.sights.owned_by(caller)
        ],
    )
    return json_answer(request, body, caller.binding)


async def get_my_usage(request: Request, query: Annotated[SubjectUsageQuery, Query()]) -> Response:
    """The caller's own usage in a range of days, grouped; empty before their first call."""
    asking = asking_of(request)
    return await usage_answer(request, asking, _own_subject(asking), query)


async def get_my_calls(request: Request, query: Annotated[CallsQuery, Query()]) -> Response:
    """The caller's own calls in the order of their time, a page at a time."""
    asking = asking_of(request)
    return await calls_answer(request, asking, _own_subject(asking), query)


def _own_subject(asking: Asking) -> str:
    if asking.caller.subject is None:
        raise Refused(ProblemKind.UNKNOWN_SUBJECT, "with AUTH_MODE=local nobody is signed in")
    return asking.caller.subject
