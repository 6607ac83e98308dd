"""The rows of the eight queries, typed. Money is whole pico-units, here as everywhere."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from telemetry.queries.query_text import QueryName


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A row; its fields are the columns of the query, which a test compares."""


class UserDay(Row, frozen=True, kw_only=True):
    """`user_by_day`: one user's calls of one day and model."""

    day: datetime
    model: str
    currency: str
    calls: int
    errors: int
    unpriced: int
    no_usage: int
    pending: int
    pico: int
    input: int | None
    cached: int | None
    output: int | None
    reasoning: int | None

    @property
    def cost_known(self) -> bool:
        """Whether a call of these has a cost; without any, `pico` is no sum."""
        return self.calls > self.unpriced + self.no_usage + self.pending


class Session(Row, frozen=True, kw_only=True):
    """`sessions`: calls of one user that carry the same session id."""

    session_id: str
    currency: str
    first: datetime
    last: datetime
    calls: int
    errors: int
    known: int
    """Calls whose cost is known; without any, `pico` is no sum."""
    pico: int
    input: int | None
    output: int | None


class Call(Row, frozen=True, kw_only=True):
    """`calls`: the newest revision of an entry, with what the gateway said of the call."""

    time: datetime
    entry: str
    revision: int
    call_id: str
    session_id: str
    operation_id: str
    deployment: str
    model: str
    operation: str
    state: str
    reason: str
    status: int | None
    pico: int | None
    """None where no price is known, and `charge` is empty then."""
    charge: str
    currency: str
    input: int | None
    cached: int | None
    output: int | None
    recorded_at: datetime | None
    gateway_operation: str
    """Empty when the gateway's item is missing: it was sampled, or has not arrived."""
    gateway_time: datetime | None
    gateway_ms: float | None
    gateway_status: str
    backend_ms: float | None
    backend_status: str
    backend_target: str
    backend_tries: int | None


class Item(Row, frozen=True, kw_only=True):
    """`operation`: one item of a call's operations."""

    kind: str
    """event, request or dependency."""
    time_generated: datetime
    id: str
    parent_id: str
    operation_id: str
    name: str
    duration_ms: float | None
    result_code: str
    success: bool | None
    target: str
    role: str
    item_count: int
    properties: dict[str, str]


class Top(Row, frozen=True, kw_only=True):
    """`top`: a group's sums, or (`scope` is `all`) those of everything in one currency."""

    scope: str
    group: str
    of: str
    """The user of a session; empty for other groups."""
    currency: str
    calls: int
    known: int
    """Calls whose cost is known; without any, `pico` is no sum."""
    pico: int
    input: int | None
    output: int | None


class Cell(Row, frozen=True, kw_only=True):
    """`cells`: what Application Insights holds of a cell, for the comparison with the ledger."""

    day: datetime
    user_id: str
    model: str
    currency: str
    calls: int
    known: int
    """Calls whose cost is known; without any, `pico` is no sum."""
    pico: int
    rows: int
    copies: int
    conflicts: int
    sampled: int


class TokenHour(Row, frozen=True, kw_only=True):
    """`token_metric`: the gateway's count and the ledger's, of one hour, API and operation."""

    hour: datetime
    api: str
    operation: str
    metric_prompt: int
    metric_completion: int
    metric_total: int
    ledger_input: int | None
    ledger_output: int | None
    ledger_calls: int


class Recorded(Row, frozen=True, kw_only=True):
    """`tail`: one revision that the ledger recorded."""

    recorded_at: datetime
    entry: str
    revision: int
    call_id: str
    time: datetime
    user_id: str
    session_id: str
    deployment: str
    model: str
    state: str
    correction: str
    calls: int
    pico: int | None
    pico_before: int | None
    """The charge before this revision; None of an entry, or when that item is too old."""
    currency: str
    input: int | None
    output: int | None


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question(Generic[R]):
    """One of the eight queries, and what its rows are."""

    name: QueryName
    row: type[R]
    most: int | None = None
    """Rows to show; the file takes one more, which says that there are more. None: all rows."""
    is_list: bool = False
    """A part of a list is a list too; a part of sums is wrong."""
    cached: bool = True


USER_BY_DAY = Question(name=QueryName.USER_BY_DAY, row=UserDay, most=10_000)
SESSIONS = Question(name=QueryName.SESSIONS, row=Session, most=200)
CALLS = Question(name=QueryName.CALLS, row=Call, most=200, is_list=True)
OPERATION = Question(name=QueryName.OPERATION, row=Item, most=1_000, is_list=True)
TOP = Question(name=QueryName.TOP, row=Top)
CELLS = Question(name=QueryName.CELLS, row=Cell)
TOKEN_METRIC = Question(name=QueryName.TOKEN_METRIC, row=TokenHour, most=10_000)
TAIL = Question(name=QueryName.TAIL, row=Recorded, most=500, is_list=True, cached=False)


def read_row(columns: Sequence[str], values: Sequence[Any], row: type[R]) -> R:
    """One row of a table. msgspec.ValidationError when a column is missing or has another type."""
    found = dict(zip(columns, values, strict=True))
    if isinstance(properties := found.get("Properties"), str):
        held = json.loads(properties or "{}") or {}
        found["Properties"] = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in held.items()
        }
    return msgspec.convert(found, row)
