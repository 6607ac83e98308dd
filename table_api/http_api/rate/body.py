"""The body of `POST /v1/rate`: one call or a list of calls, each an event or a question."""

from datetime import UTC, datetime
from typing import NamedTuple

import msgspec
from pydantic import ValidationError
from starlette.requests import Request

from pricing_rules.decoding.invalid_event import InvalidEvent
from pricing_rules.decoding.usage_event import decode
from pricing_rules.types import UsageEvent
from table_api.http_api.conventions.problems import (
    VALUE_CHARS_MAX,
    ProblemError,
    ProblemKind,
    Refused,
    words_of,
)
from table_api.http_api.rate.models import CALENDAR, UsageQuestion, is_within_calendar

BODY_BYTES_MAX = 4 * 1024 * 1024
"""Of the body of this route; each call of it may be as large as an event."""
CALLS_MAX = 1000
ERRORS_NAMED_MAX = 20
"""A body with more bad records names the first of them."""

_NO_TIME = datetime.max.replace(tzinfo=UTC)

Sent = UsageEvent | UsageQuestion


class _Kind(msgspec.Struct):
    """What tells an event from a question."""

    specversion: object = None
    time: object = None


class Placed(NamedTuple):
    """A call and where the body has it: `[3]` of a list; empty where it is the body."""

    place: str
    call: Sent


async def read_calls(request: Request) -> list[Placed]:
    """The calls of the body. Refused when any of them cannot be read: none is answered then."""
    try:
        body = await _read(request)
        body.decode()
        whole = msgspec.json.decode(body, type=msgspec.Raw)
        many = bytes(whole).lstrip().startswith(b"[")
        raw = msgspec.json.decode(body, type=list[msgspec.Raw]) if many else [whole]
    except (UnicodeDecodeError, msgspec.DecodeError, RecursionError) as error:
        raise _refused([ProblemError(field="body", detail=f"is no JSON: {error}")]) from None
    if len(raw) > CALLS_MAX:
        detail = f"the body has {len(raw)} calls, expected at most {CALLS_MAX}"
        raise Refused(ProblemKind.TOO_MUCH, detail)
    calls: list[Placed] = []
    errors: list[ProblemError] = []
    for index, one in enumerate(raw):
        place = f"[{index}]" if many else ""
        read = _call(bytes(one), place)
        if isinstance(read, UsageEvent | UsageQuestion):
            calls.append(Placed(place, read))
        else:
            errors += read
    if errors:
        raise _refused(errors)
    return calls


async def _read(request: Request) -> bytes:
    """The bytes of the body; a chunked one says only at its end how long it is."""
    parts = bytearray()
    async for part in request.stream():
        parts += part
        if len(parts) > BODY_BYTES_MAX:
            raise Refused(ProblemKind.TOO_LARGE, f"a body has at most {BODY_BYTES_MAX} bytes")
    return bytes(parts)


def _call(body: bytes, place: str) -> Sent | list[ProblemError]:
    try:
        kind = msgspec.json.decode(body, type=_Kind)
    except (msgspec.DecodeError, RecursionError):
        return [ProblemError(field=place or "body", detail="expected an object")]
    if kind.specversion is None:
        return _question(body, place)
    event = decode(body, enqueued_time=_own_time(kind.time))
    if isinstance(event, InvalidEvent):
        field = field_of(place, event.field)
        return [ProblemError(field=field, value=event.value, detail=event.message)]
    if not is_within_calendar(event.time):
        value = str(kind.time)[:VALUE_CHARS_MAX]
        return [ProblemError(field=field_of(place, "time"), value=value, detail=CALENDAR)]
    return event


def _question(body: bytes, place: str) -> UsageQuestion | list[ProblemError]:
    try:
        return UsageQuestion.model_validate_json(body)
    except ValidationError as found:
        return [
            ProblemError(
                field=field_of(place, *map(str, error["loc"])) or "body",
                value=str(error["input"])[:VALUE_CHARS_MAX] if error["loc"] else None,
                detail=words_of(error),
            )
            for error in found.errors(include_context=False, include_url=False)
        ]


def field_of(place: str, *names: str) -> str:
    """A field of a call, as an error names it."""
    return ".".join([place, *names]).strip(".")


def _own_time(time: object) -> datetime:
    """Stands in for the time at which a hub took the event: old events are priced too."""
    try:
        return datetime.fromisoformat(str(time)).astimezone(UTC)
    except (ValueError, OverflowError):
        return _NO_TIME


def _refused(errors: list[ProblemError]) -> Refused:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    detail = f"{first.field}: {first.detail}{more}"
    return Refused(ProblemKind.INVALID_PARAMETER, detail, errors[:ERRORS_NAMED_MAX])
