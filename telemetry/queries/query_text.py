"""The text of a query with its parameters: the only way in which a value gets into KQL.

The Logs API binds no parameters. So a file declares them, and here each declaration becomes a `let`
of a literal: text is escaped, and all else is formatted from a typed value.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache

from telemetry.queries.errors import InvalidParameter
from telemetry.queries.schema import HERE

Value = str | bool | int | datetime
TEXT_MAX = 512
LONG_MAX = 2**63 - 1

_DECLARATION = re.compile(r"declare\s+query_parameters\s*\(([^)]*)\)\s*;")
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"'})


class QueryName(StrEnum):
    """The eight files."""

    USER_BY_DAY = "user_by_day"
    SESSIONS = "sessions"
    CALLS = "calls"
    OPERATION = "operation"
    TOP = "top"
    CELLS = "cells"
    TOKEN_METRIC = "token_metric"
    TAIL = "tail"


def query_text(name: QueryName) -> str:
    """The file as it is written, with its declaration."""
    return _read(name)


def parameters_of(name: QueryName) -> dict[str, str]:
    """The Kusto type of each parameter, in the file's order."""
    found = _DECLARATION.search(_read(name))
    declared = found[1].split(",") if found else []
    pairs = (each.partition(":") for each in declared)
    return {parameter.strip(): kind.strip() for parameter, _, kind in pairs}


def bind(name: QueryName, **values: Value) -> str:
    """The query with its values. InvalidParameter when one is missing, unknown or not possible."""
    declared = parameters_of(name)
    if values.keys() != declared.keys():
        expected, given = ", ".join(declared), ", ".join(values)
        raise InvalidParameter(f"{name} takes {expected}; got {given}")
    literals = {each: literal(values[each], kind, each) for each, kind in declared.items()}
    return with_literals(name, literals)


def with_literals(name: QueryName, literals: Mapping[str, str]) -> str:
    """The query with KQL in place of its parameters; never with a text that a caller gave."""
    bound = "\n".join(f"let {each} = {literals[each]};" for each in parameters_of(name))
    return _DECLARATION.sub(lambda _: bound, _read(name), count=1)


def literal(value: Value, kind: str, name: str) -> str:
    """A value as KQL writes it. InvalidParameter when it has another type than the parameter."""
    if kind == "string" and isinstance(value, str):
        return _text(value, name)
    if kind == "bool" and isinstance(value, bool):
        return "true" if value else "false"
    if kind == "long" and isinstance(value, int) and not isinstance(value, bool):
        if abs(value) > LONG_MAX:
            raise InvalidParameter(f"{name} is {value}, expected a 64-bit number")
        return f"long({value})"
    if kind == "datetime" and isinstance(value, datetime) and value.tzinfo is not None:
        return f"datetime({value.astimezone(UTC).isoformat().replace('+00:00', 'Z')})"
    raise InvalidParameter(f"{name} is {value!r}, expected a {kind}")


def _text(value: str, name: str) -> str:
    if len(value) > TEXT_MAX:
        raise InvalidParameter(f"{name} has {len(value)} characters, expected at most {TEXT_MAX}")
    if not value.isprintable():
        raise InvalidParameter(f"{name} is {value!r}, expected printable characters alone")
    return f'"{value.translate(_ESCAPED)}"'


@cache
def _read(name: QueryName) -> str:
    return (HERE / f"{name}.kql").read_text(encoding="utf-8")
