"""Where one call stands, and the opaque id that names the place in a URL. Pure.

The id is base64url of `{partition}/{entry key}`; `/` stands in no key. It is taken back only when
both halves have exactly the form of a call's keys, so that no id can read another kind of row.
"""

import re

from table_api.http_api.conventions.cursor import from_base64url
from table_api.http_api.conventions.queries import FIRST_DAY, LAST_DAY
from table_api.ledger.keys import CallAddress, time_of_call

ID_CHARS_MAX = 700
"""Base64 of the longest partition and entry key is shorter."""

_PART = r"[A-Za-z0-9@._+=-]{1,150}"
_PLACE = re.compile(
    rf"(?P<partition>\d{{6}}\|\d{{2}})/"
    rf"(?P<entry_key>c\|{_PART}\|\d{{2}}\|\d{{8}}T\d{{6}}\.\d{{6}}Z\|{_PART})",
    re.ASCII,
).fullmatch


def opaque_id(place: CallAddress) -> str:
    """The id of a call in URLs and answers."""
    return place.opaque_id


def read_call_place(text: str) -> CallAddress | None:
    """The place that an id names, or None when it names none."""
    raw = from_base64url(text) if len(text) <= ID_CHARS_MAX else None
    if raw is None or not raw.isascii():
        return None
    found = _PLACE(raw.decode("ascii"))
    return (
        CallAddress(found["partition"], found["entry_key"]) if found and _is_real(found) else None
    )


def _is_real(found: re.Match[str]) -> bool:
    """Whether the key has a time that there is, with a day in every time zone."""
    try:
        return FIRST_DAY <= time_of_call(found["entry_key"]).date() <= LAST_DAY
    except ValueError:
        return False
