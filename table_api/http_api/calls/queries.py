"""What the routes of calls may be asked, and which calls each question wants."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Path
from pydantic import Field

from pricing_rules.types import CallState
from table_api.http_api.conventions.call_id import opaque_id
from table_api.http_api.conventions.queries import (
    EXAMPLE_SUBJECT,
    LIMIT_DEFAULT,
    ComposedText,
    Cursor,
    Limit,
    RangeQuery,
    Text,
    checked_range,
    spelled_as,
)
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.ledger.measures import FAILED_FROM
from table_api.ledger.recorded_call import recorded_call
from table_api.usage.daily_usage import Totals

EXAMPLE_CALL = opaque_id(
    CallAddress("202610|03", f"c|{EXAMPLE_SUBJECT}|20|20261020T093015.446590Z|6f9619ff")
)
DAYS_DEFAULT = 30
CallId = Annotated[str, Path(description="The opaque `id` of a call.", examples=[EXAMPLE_CALL])]
_STATUS = "^([1-5][0-9]{2}|[1-5]xx)$"
Status = Annotated[
    str, Field(pattern=_STATUS), spelled_as(_STATUS, "an HTTP status such as 429, or 4xx")
]
_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}").fullmatch
_COUNTED: dict[CallState, Callable[[Totals], int]] = {
    CallState.UNPRICED: lambda totals: totals.unpriced_calls,
    CallState.NO_USAGE: lambda totals: totals.no_usage_calls,
    CallState.PENDING: lambda totals: totals.pending_calls,
}


class CallOrder(StrEnum):
    """Which call a list begins with."""

    OLDEST = "oldest"
    NEWEST = "newest"


class CallsQuery(RangeQuery):
    """A subject's calls."""

    model: Text | None = Field(
        None, description="Only calls of this model.", examples=["gpt-5-mini"]
    )
    order: CallOrder = Field(
        CallOrder.OLDEST, description="The call that the list begins with.", examples=["newest"]
    )
    limit: Limit = Field(LIMIT_DEFAULT, description="Calls of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")

    def wants(self, entry: LedgerEntry) -> bool:
        """Whether a call is in the list."""
        return self.model is None or entry.model == self.model


class FoundCallsQuery(RangeQuery):
    """Calls of everybody; of the last 30 days by default."""

    subject: ComposedText | None = Field(
        None, description="Only this subject's calls.", examples=[EXAMPLE_SUBJECT]
    )
    model: Text | None = Field(
        None, description="Only calls of this model.", examples=["gpt-5-mini"]
    )
    status: Status | None = Field(
        None,
        description="Only calls with this HTTP status, or of a class of them such as `4xx`.",
        examples=["429"],
    )
    state: CallState | None = Field(
        None, description="Only calls of this state.", examples=["unpriced"]
    )
    q: Annotated[str, Field(min_length=1, max_length=512)] | None = Field(
        None,
        description="Exactly a call's request id, response id, trace id or session.",
        examples=["chatcmpl-9Yx2Lr7mQe"],
    )
    limit: Limit = Field(LIMIT_DEFAULT, description="Calls of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        stop = self.to or today + timedelta(days=1)
        default = DayRange(self.from_ or stop - timedelta(days=DAYS_DEFAULT), stop)
        return checked_range(self.named_days(today) or default)

    @property
    def filters(self) -> tuple[str | None, ...]:
        """What a cursor is bound to, next to the days."""
        return self.subject, self.model, self.status, self.state, self.q

    def wants(self, entry: LedgerEntry) -> bool:
        """Whether a call is in the list."""
        return (
            (self.model is None or entry.model == self.model)
            and (self.state is None or entry.state is self.state)
            and (self.status is None or _is_of(entry.status, self.status))
            and (self.q is None or self.q in _names_of(entry))
        )

    @property
    def narrows(self) -> bool:
        """Whether daily totals say which subjects can have a wanted call."""
        return self.model is not None or self.state in _COUNTED or self._is_failed

    def may_be_in(self, model: str, totals: Totals) -> bool:
        """Whether a wanted call can be among those of a day's totals."""
        if self.model is not None and model != self.model:
            return False
        if self.state in _COUNTED and not _COUNTED[self.state](totals):
            return False
        return bool(totals.errors) or not self._is_failed

    @property
    def _is_failed(self) -> bool:
        return self.status is not None and int(self.status[0]) * 100 >= FAILED_FROM


def _is_of(status: int, wanted: str) -> bool:
    return str(status) == wanted or (wanted.endswith("xx") and str(status)[0] == wanted[0])


def _names_of(entry: LedgerEntry) -> set[str | None]:
    event = recorded_call(entry).priced.event
    return {entry.call_id, entry.session, event.response_id, trace_id(event.traceparent)}


def trace_id(traceparent: str | None) -> str | None:
    """The trace id of a W3C traceparent; None when it is absent or malformed."""
    found = _TRACE(traceparent or "")
    return found.group(1) if found else None
