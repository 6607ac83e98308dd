"""The handler of the access log."""

import re
from dataclasses import asdict
from datetime import date, timedelta
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import asking_of
from table_api.http_api.access_log import models
from table_api.http_api.conventions.cursor import (
    InvalidCursor,
    decode_cursor,
    encode_cursor,
    filter_digest,
    next_link,
)
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.models import Page
from table_api.http_api.conventions.problems import refused_parameter
from table_api.http_api.conventions.queries import (
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    RangeQuery,
    checked_range,
)
from table_api.ledger.day_range import DayRange
from table_api.owners.access_log import Position

DAYS_DEFAULT = 7
_PLACE = re.compile(r"\d{8}\|\d{11}\|[0-9a-f]{8}", re.ASCII).fullmatch
"""Day and key of a row."""


class AccessLogQuery(RangeQuery):
    """Days of the log, in UTC: the last seven by default."""

    limit: Limit = Field(LIMIT_DEFAULT, description="Rows of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        stop = self.to or today + timedelta(days=1)
        default = DayRange(self.from_ or stop - timedelta(days=DAYS_DEFAULT), stop)
        return checked_range(self.named_days(today) or default)


async def get_access_log(request: Request, query: Annotated[AccessLogQuery, Query()]) -> Response:
    """Who looked at whose calls, the newest first."""
    asking = asking_of(request)
    days = query.days(asking.api.now().date())
    digest = filter_digest("access-log", days, *asking.caller.binding)
    after = _position(query, digest)
    found, last = await asking.api.access_log.newest(
        days.start, days.stop, after=after, limit=query.limit
    )
    asking.show(each.caller for each in found)
    cursor = None if last is None else encode_cursor(digest, (last.day, last.row_key))
    body = models.Accesses(
        data=[models.AccessRow.model_validate(asdict(each)) for each in found],
        page=Page(next_cursor=cursor, limit=query.limit),
    )
    link = next_link(request, days, cursor)
    return json_answer(request, body, asking.caller.binding, link=link)


def _position(query: AccessLogQuery, digest: str) -> Position | None:
    if query.cursor is None:
        return None
    try:
        day, row_key = decode_cursor(query.cursor, digest, parts=2)
    except InvalidCursor as error:
        raise refused_parameter("cursor", query.cursor, str(error)) from error
    if not _PLACE(f"{day}|{row_key}"):
        raise refused_parameter("cursor", query.cursor, "it is not a cursor of this list")
    return Position(day, row_key)
