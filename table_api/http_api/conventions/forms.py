"""The forms that answers have, and which of them a request takes. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from starlette.requests import Request

from table_api.http_api.conventions.problems import ProblemKind, Refused


class Form(StrEnum):
    """What a list can be answered as."""

    JSON = "application/json"
    CSV = "text/csv"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


SUFFIXES = {".csv": Form.CSV, ".xlsx": Form.XLSX}
"""What the path of a list may end with; it is stronger than `Accept`."""


class _Range(NamedTuple):
    """One media range of an Accept header."""

    name: str
    quality: Decimal


def wanted_form(request: Request, offered: Sequence[Form]) -> Form:
    """The form that the request likes best, of equals the first. Refused when it takes none."""
    path = request.scope["path"]
    for suffix, form in SUFFIXES.items():
        if path.endswith(suffix):
            return form
    ranges = _ranges(request.headers.get("accept", ""))
    best = max(offered, key=lambda form: _quality(form, ranges))
    if _quality(best, ranges) <= 0:
        raise not_acceptable(*offered)
    return best


def check_takes(request: Request, media_type: str) -> None:
    """Refused where the answer's one type is not what the request takes."""
    name = media_type.partition(";")[0]
    if _quality(name, _ranges(request.headers.get("accept", ""))) <= 0:
        raise not_acceptable(name)


def not_acceptable(*offered: str) -> Refused:
    """The refusal that says which types there are."""
    return Refused(ProblemKind.NOT_ACCEPTABLE, f"the answer is {' or '.join(offered)} only")


def _ranges(accept: str) -> list[_Range]:
    """Without a header everything is taken. A quality that is no number counts as 1."""
    found = []
    for part in accept.split(","):
        name, *parameters = part.replace(" ", "").lower().split(";")
        if name:
            found.append(_Range(name, _number(parameters)))
    return found or [_Range("*/*", Decimal(1))]


def _number(parameters: Sequence[str]) -> Decimal:
    for parameter in parameters:
        name, _, text = parameter.partition("=")
        if name == "q" and text.isascii() and text.replace(".", "", 1).isdecimal():
            return Decimal(text)
    return Decimal(1)


def _quality(media_type: str, ranges: Sequence[_Range]) -> Decimal:
    """By the most exact range that the type is in; 0 where it is in none."""
    for name in (media_type, f"{media_type.partition('/')[0]}/*", "*/*"):
        qualities = [each.quality for each in ranges if each.name == name]
        if qualities:
            return max(qualities)
    return Decimal(0)
