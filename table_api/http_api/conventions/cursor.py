"""Page cursors: base64url of (version, digest of the filters, place). Pure.

A cursor says where a page ended. It is checked, not signed: a forged one names another place in the
same list, nothing that the list would not show.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Sequence
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request

from table_api.errors import TableApiError
from table_api.ledger.day_range import DayRange

CURSOR_VERSION = 1
CURSOR_CHARS_MAX = 2_000

_NAMED_RANGES = {"month", "period"}
_PLAIN = re.compile(r"[A-Za-z0-9_-]+").fullmatch
_decode = msgspec.json.Decoder(tuple[int, str, tuple[str, ...]]).decode


class InvalidCursor(TableApiError):
    """The cursor is none of ours, or belongs to a list with other filters."""


def filter_digest(*filters: object) -> str:
    """12 hex digits for the filters of one list."""
    return hashlib.sha256(repr(filters).encode("utf-8", "backslashreplace")).hexdigest()[:12]


def encode_cursor(digest: str, place: Sequence[str]) -> str:
    """The cursor of a place in the list with that filter digest."""
    return to_base64url(msgspec.json.encode((CURSOR_VERSION, digest, tuple(place))))


def decode_cursor(text: str, digest: str, *, parts: int) -> tuple[str, ...]:
    """The place, of so many parts. InvalidCursor says what does not fit."""
    raw = from_base64url(text) if len(text) <= CURSOR_CHARS_MAX else None
    if raw is None:
        raise InvalidCursor("it is not a cursor of this API")
    try:
        version, found, place = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidCursor("it is not a cursor of this API") from error
    if version != CURSOR_VERSION or len(place) != parts:
        raise InvalidCursor("it is not a cursor of this list")
    if found != digest:
        raise InvalidCursor("it was made for other filters: ask for the first page again")
    return place


def to_base64url(raw: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def from_base64url(text: str) -> bytes | None:
    """The bytes, or None when the text is not exactly what `to_base64url` makes of them."""
    if not _PLAIN(text):
        return None
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    return raw if to_base64url(raw) == text else None


def next_link(request: Request, days: DayRange, cursor: str | None) -> str | None:
    """`Link` to the next page, with the range spelled out: the running month may end meanwhile."""
    if cursor is None:
        return None
    asked = {name: text for name, text in request.query_params.items() if name not in _NAMED_RANGES}
    parameters = asked | {
        "from": days.start.isoformat(),
        "to": days.stop.isoformat(),
        "cursor": cursor,
    }
    return f'<{quote(request.scope["path"])}?{urlencode(parameters)}>; rel="next"'
