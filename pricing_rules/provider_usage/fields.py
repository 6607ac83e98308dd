"""Counts out of a usage object's JSON. A value that is no count is an error that names it.

JSON has one kind of number, so 512.0 is a whole number as 512 is. Absent and null are the same.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pricing_rules.errors import InvalidUsage

COUNT_MAX = 10**12
"""A larger count is a broken report, not a call: the largest prompts have some million tokens."""

Fields = Mapping[str, object]
_JSON_FRACTION = float  # how Python reads 512.0 and 9.5 seconds

NOTHING: Fields = {}
_MILLISECOND = Decimal("0.001")
# A context of our own: the caller's may round a duration to fewer digits.
_TO_MILLISECONDS = Context(prec=28, rounding=ROUND_HALF_EVEN)


class Contradiction(InvalidUsage):
    """Two numbers of a usage object cannot both be true."""


def contradiction(
    field: str, value: int, other_field: str, other: int, relation: str = ">"
) -> Contradiction:
    """The error that names both numbers."""
    return Contradiction(field, value, f"{field} ({value}) {relation} {other_field} ({other})")


def count(fields: Fields, field: str) -> int:
    """The count of a field, 0 where it is absent. InvalidUsage when it holds no count."""
    value = fields.get(field)
    if type(value) is int and 0 <= value <= COUNT_MAX:
        return value
    if value is None:
        return 0
    whole = _whole(value)
    if whole is not None and 0 <= whole <= COUNT_MAX:
        return whole
    raise InvalidUsage(
        field, value, f"{field} is {value!r}, expected an integer from 0 to {COUNT_MAX}"
    )


def _whole(value: object) -> int | None:
    """512.0 and 5.12e2 as 512; None for what is not whole."""
    if not isinstance(value, _JSON_FRACTION | Decimal):
        return None
    exact = Decimal(value)
    if not exact.is_finite() or not -1 < exact <= COUNT_MAX or exact != exact.to_integral_value():
        return None
    return int(exact)


def either(fields: Fields, *names: str) -> int:
    """A count that goes by several names. Those that are present must agree."""
    found: tuple[str, int] | None = None
    for name in names:
        if fields.get(name) is None:
            continue
        value = count(fields, name)
        if found is not None and found[1] != value:
            raise contradiction(*found, name, value, "≠")
        found = found or (name, value)
    return 0 if found is None else found[1]


def details(fields: Fields, *names: str) -> Fields:
    """The object that goes by several names. Those that are present must be equal."""
    found: Fields | None = None
    for name in names:
        value = fields.get(name)
        if value is None:
            continue
        if type(value) is not dict and not isinstance(value, Mapping):
            raise InvalidUsage(name, value, f"{name} is {value!r}, expected an object or null")
        if found is not None and found != value:
            raise Contradiction(name, value, f"{names[0]} and {name} are not equal")
        found = value
    return NOTHING if found is None else found


def milliseconds(fields: Fields, field: str) -> int:
    """A duration in seconds as whole milliseconds. InvalidUsage when it holds no number."""
    seconds = fields.get(field)
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal | _JSON_FRACTION):
        raise InvalidUsage(field, seconds, f"{field} is {seconds!r}, expected a number")
    fraction = isinstance(seconds, _JSON_FRACTION)
    exact = Decimal(repr(seconds)) if fraction else Decimal(seconds)  # repr: the shortest form
    if not exact.is_finite() or not 0 <= exact <= COUNT_MAX // 1000:
        raise InvalidUsage(
            field, seconds, f"{field} is {seconds!r}, expected 0 to {COUNT_MAX // 1000}"
        )
    return int(exact.quantize(_MILLISECOND, context=_TO_MILLISECONDS).scaleb(3, _TO_MILLISECONDS))
