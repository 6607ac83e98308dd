"""The slow path of decode: which field of a refused body is wrong, and what stands there.

The decoder has refused the body before; nothing here accepts one.
"""

import json
import math
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from pricing_rules.decoding.glimpse import readable_id
from pricing_rules.decoding.invalid_event import ABSENT, InvalidCode, InvalidEvent, InvalidField
from pricing_rules.decoding.wire_event import STATUS_MAX, EventType
from pricing_rules.types import Operation

_BODY = "body"
_EXPECTED = {
    "specversion": '"1.0"',
    "type": " or ".join(f'"{kind}"' for kind in EventType),
    "id": "the gateway's request id",
    "source": "the gateway's name",
    "time": "RFC 3339 in UTC",
    "subject": "who is billed",
    "data": "an object",
    "data.stream": "true or false",
    "data.status": f"an HTTP status from 0 to {STATUS_MAX}",
    "data.operation": "one of " + ", ".join(Operation),
    "data.usage": "the model's usage object or null",
    "data.duration_ms": "whole milliseconds or null",
    "data.duration": "seconds or null",
    "data.tools": "an object of requested, calls and usage, or null",
    "data.background": "true or null",
}
_UNKNOWN = {
    "specversion": InvalidCode.UNKNOWN_SPECVERSION,
    "type": InvalidCode.UNKNOWN_TYPE,
    "data.operation": InvalidCode.UNKNOWN_OPERATION,
}
_NUMBERS = {"data.status", "data.duration_ms"}
# msgspec's own words (0.20): "Expected `int`, got `str` - at `$.data.status`",
# "Object missing required field `id` - at `$.data`", without " - at" at the root.
_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`")
_STEP = re.compile(r"[^.\[\]]+")
_EXPECTS = re.compile(r"^Expected `(?P<type>[^`]+)`, got")
_MISSING = re.compile(r"missing required field `(?P<name>[^`]+)`")


def diagnose(body: bytes, error: Exception) -> InvalidEvent:
    """`error` is what the decoder said of `body`."""
    event_id = None
    try:
        document = _document(body)
        event_id = readable_id(document.get("id"))
        _refuse_kind(document)
        _refuse_text(document)
        _refuse_field(document, str(error))
    except InvalidField as found:
        return found.invalid_event(event_id)


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body.decode(), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        where = body[error.start : error.start + 8]
        expected = f"UTF-8 (byte {error.start}: {error.reason})"
        raise InvalidField(InvalidCode.NOT_UTF8, _BODY, where, expected) from error
    except RecursionError as error:
        raise InvalidField(InvalidCode.NOT_JSON, _BODY, body[:40], "less nesting") from error
    except ValueError as error:
        # The end is shown: most of these bodies were cut.
        expected = f"JSON in one piece ({error})"
        raise InvalidField(InvalidCode.NOT_JSON, _BODY, body[-40:], expected) from error
    if not isinstance(document, dict):
        raise InvalidField(InvalidCode.WRONG_TYPE, _BODY, document, "a JSON object")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_kind(document: dict[str, Any]) -> None:
    """First of all: another kind of event misses our fields too, and its kind is the reason."""
    for field, known in (("specversion", {"1.0"}), ("type", set(EventType))):
        value = document.get(field, ABSENT)
        if not (isinstance(value, str) and value in known):
            raise _refusal(field, value, _EXPECTED[field])


def _refuse_text(document: dict[str, Any]) -> None:
    """JSON allows half a surrogate pair in a string; no UTF-8 can carry it, so no store can."""
    for path, value in _scalars(document):
        if isinstance(value, str) and any("\ud800" <= c <= "\udfff" for c in value):
            raise InvalidField(InvalidCode.BAD_CHARACTER, path, value, "whole surrogate pairs")
        if value in (math.inf, -math.inf):
            raise InvalidField(InvalidCode.OUT_OF_RANGE, path, value, "a finite number")


def _scalars(document: dict[str, Any]) -> Iterator[tuple[str, object]]:
    """Every key and leaf with its path. Not recursive: the nesting is the sender's choice."""
    pending: list[tuple[str, object]] = [("", document)]
    while pending:
        path, value = pending.pop()
        match value:
            case dict():
                yield from ((path or _BODY, key) for key in value)
                pending += [(f"{path}.{key}".lstrip("."), part) for key, part in value.items()]
            case list():
                pending += [(f"{path}[{index}]", part) for index, part in enumerate(value)]
            case _:
                yield path, value


def _refuse_field(document: dict[str, Any], complaint: str) -> NoReturn:
    at = _AT.search(complaint)
    path = at["path"] if at else ""
    if missing := _MISSING.search(complaint):
        path = f"{path}.{missing['name']}".lstrip(".")
    words = _EXPECTS.search(complaint)
    expected = _EXPECTED.get(path) or (words["type"] if words else _AT.sub("", complaint))
    raise _refusal(path or _BODY, _value_at(document, path), expected)


def _value_at(document: dict[str, Any], path: str) -> object:
    value: object = document
    for step in _STEP.findall(path):
        if isinstance(value, dict):
            value = value.get(step, ABSENT)
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
    return value


def _refusal(field: str, value: object, expected: str) -> InvalidField:
    if value is None or value is ABSENT:
        code = InvalidCode.MISSING_FIELD
    elif isinstance(value, str) and field in _UNKNOWN:
        code = _UNKNOWN[field]
    elif isinstance(value, int) and not isinstance(value, bool) and field in _NUMBERS:
        code = InvalidCode.OUT_OF_RANGE
    else:
        code = InvalidCode.WRONG_TYPE
    return InvalidField(code, field, value, expected)
