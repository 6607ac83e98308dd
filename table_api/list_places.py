"""Cursors of the two paged lists: the place where a page ended, checked against the question."""

from urllib.parse import quote, urlencode

from starlette.requests import Request

from table_api.call_place import read_call_place
from table_api.cursor import InvalidCursor, decode_cursor, encode_cursor, filter_digest
from table_api.ledger.day_range import DayRange
from table_api.ledger.keys import CallPlace, subject_rows
from table_api.problems import refused_parameter
from table_api.queries import CallsQuery, SubjectsQuery
from table_api.usage.subject_list import Place


def next_link(request: Request, days: DayRange, cursor: str | None) -> str | None:
    """`Link` to the next page, with the range spelled out: the running month may end meanwhile."""
    if cursor is None:
        return None
    parameters = dict(request.query_params) | {
        "from": days.start.isoformat(),
        "to": days.stop.isoformat(),
        "cursor": cursor,
    }
    return f'<{quote(request.scope["path"])}?{urlencode(parameters)}>; rel="next"'


def subject_cursor(query: SubjectsQuery, days: DayRange, place: Place | None) -> str | None:
    """The cursor after a subject of the list; None after the last one."""
    if place is None:
        return None
    return encode_cursor(_subjects_digest(query, days), (str(place[0]), place[1]))


def subject_place(query: SubjectsQuery, days: DayRange) -> Place | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if query.cursor is None:
        return None
    try:
        amount, subject = decode_cursor(query.cursor, _subjects_digest(query, days), parts=2)
        return int(amount), subject
    except (InvalidCursor, ValueError) as error:
        raise refused_parameter("cursor", query.cursor, str(error)) from error


def call_cursor(
    query: CallsQuery, days: DayRange, subject: str, place: CallPlace | None
) -> str | None:
    """The cursor after a call of the list; None after the last one."""
    if place is None:
        return None
    return encode_cursor(_calls_digest(query, days, subject), (place.id,))


def call_place(query: CallsQuery, days: DayRange, subject: str) -> CallPlace | None:
    """Where the page starts; Refused when the cursor does not fit the question."""
    if query.cursor is None:
        return None
    try:
        (name,) = decode_cursor(query.cursor, _calls_digest(query, days, subject), parts=1)
    except InvalidCursor as error:
        raise refused_parameter("cursor", query.cursor, str(error)) from error
    place = read_call_place(name)
    keys = subject_rows("c", subject)
    if place is None or not keys.start <= place.entry_key < keys.stop:
        raise refused_parameter("cursor", query.cursor, "it is not a cursor of this list")
    return place


def _subjects_digest(query: SubjectsQuery, days: DayRange) -> str:
    return filter_digest("subjects", days, query.sort.value, query.order.value, query.q)


def _calls_digest(query: CallsQuery, days: DayRange, subject: str) -> str:
    return filter_digest("calls", days, subject, query.model)
