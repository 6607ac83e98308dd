"""The access log of the API: a row for each answer that shows what belongs to others.

The row is written when the answer is made and before any of it is sent. If it cannot be written,
there is no answer.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from table_api.errors import StorageError
from table_api.http_api.access.question import Asking, asking_of
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.owners.access_log import SUBJECTS_NAMED_MAX, Access, query_without_cursor

Handler = Callable[..., Awaitable[Response]]


def recorded(handler: Handler, route: str) -> Handler:
    """The same handler, whose answers are recorded."""

    @wraps(handler)
    async def answered(request: Request, **given: Any) -> Response:
        response = await handler(request, **given)
        asking = asking_of(request)
        if asking.caller.subject is not None and (asking.shown or asking.shows_everybody):
            try:
                await asking.api.access_log.add(_access(asking, request, route))
            except StorageError:
                raise Refused(
                    ProblemKind.NOT_RECORDED, "others' calls are shown only if that is recorded"
                ) from None
        return response

    return answered


def _access(asking: Asking, request: Request, route: str) -> Access:
    named = sorted(asking.shown) if len(asking.shown) <= SUBJECTS_NAMED_MAX else []
    return Access(
        at=asking.api.now(),
        caller=asking.caller.subject or "",
        roles=tuple(sorted(asking.caller.roles)),
        route=route,
        path=request.scope["path"],
        query=query_without_cursor(request.scope["query_string"].decode("latin-1")),
        subjects=tuple(named),
        count=None if asking.shows_everybody else len(asking.shown),
    )
