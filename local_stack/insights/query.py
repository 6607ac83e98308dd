"""A KQL query over the stored items, answered in the form of the Log Analytics API."""

import json
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import duckdb
from duckdb_kql import KqlError, KqlSyntaxError
from duckdb_kql.engine import kql

from local_stack.insights.constructs import check_constructs
from local_stack.insights.errors import QueryRefused
from local_stack.insights.store import Store
from local_stack.insights.tables import ANSWERED_AS, ITEMS, TABLES
from local_stack.insights.timespan import Span

Answer = dict[str, Any]
"""What the API answers: one table with typed columns, and rows."""
ROWS_MAX = 500_000
"""The API's own limit."""
_LONG_MAX = 2**63 - 1


def answer(store: Store, query: str, span: Span = (None, None)) -> Answer:
    """QueryRefused when the query is wrong, or has what the stand-in does not take."""
    check_constructs(query)
    with store.cursor() as cursor:
        for statement in _views(span):
            cursor.execute(statement)
        try:
            found = kql(cursor, query, allow_write=False)
            names, kinds = found.columns, [_kind(str(kind)) for kind in found.types]
            rows = found.fetchall()
        except KqlSyntaxError as error:
            raise QueryRefused("SyntaxError", str(error)) from error
        except KqlError as error:
            raise QueryRefused("NotSupported", str(error)) from error
        except duckdb.Error as error:
            raise QueryRefused("SemanticError", str(error)) from error
    if len(rows) > ROWS_MAX:
        raise QueryRefused("NotSupported", f"the answer has more than {ROWS_MAX:,} rows")
    readers = [_VALUES[kind] for kind in kinds]
    return {
        "tables": [
            {
                "name": "PrimaryResult",
                "columns": [
                    {"name": name, "type": kind} for name, kind in zip(names, kinds, strict=True)
                ],
                "rows": [
                    [read(value) for read, value in zip(readers, row, strict=True)] for row in rows
                ],
            }
        ]
    }


def _views(span: Span) -> list[str]:
    """The tables as this query sees them; the times are our own, never text of a caller."""
    start, stop = span
    bounds = [
        f"TimeGenerated {sign} TIMESTAMPTZ '{time.astimezone(UTC).isoformat()}'"
        for sign, time in ((">=", start), ("<", stop))
        if time is not None
    ]
    condition = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    return [
        f'CREATE TEMP VIEW "{table}" AS SELECT * FROM {ITEMS}."{table}"{condition}'
        for table in TABLES
    ]


def _kind(stored: str) -> str:
    if stored not in ANSWERED_AS:
        raise QueryRefused("NotSupported", f"a column of the answer has the type {stored}")
    return ANSWERED_AS[stored]


def _text(value: Any) -> str:
    """Kusto has no text that is null."""
    return "" if value is None else str(value)


def _whole(value: Any) -> int | None:
    if value is not None and abs(value) > _LONG_MAX:
        raise QueryRefused("NotSupported", f"{value} is larger than a long can be")
    return None if value is None else int(value)


def _real(value: Any) -> float | str | None:
    if value is None or math.isfinite(value):
        return None if value is None else float(value)
    return {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")


def _moment(value: datetime | None) -> str | None:
    if value is None:
        return None
    time = value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return time.isoformat().replace("+00:00", "Z")


def _dynamic(value: Any) -> Any:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _bool(value: Any) -> bool | None:
    return None if value is None else bool(value)


_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "string": _text,
    "int": _whole,
    "long": _whole,
    "real": _real,
    "datetime": _moment,
    "dynamic": _dynamic,
    "bool": _bool,
}
