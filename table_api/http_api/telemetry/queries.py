"""What the telemetry routes may be asked."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Path
from pydantic import Field

from table_api.http_api.conventions.queries import (
    LIMIT_DEFAULT,
    Cursor,
    Limit,
    RangeQuery,
    Text,
    checked_range,
)
from table_api.ledger.day_range import DayRange

DAYS_DEFAULT = 7
CallId = Annotated[
    str, Path(description="`id` of a call in a list.", examples=["MjAyNjExfDA0L2N8YW5u"])
]


class By(StrEnum):
    """What the list of the dearest is of."""

    USER = "user"
    MODEL = "model"
    SESSION = "session"
    COST_CENTRE = "cost_centre"
    SUBSCRIPTION = "subscription"
    STATE = "state"


class TelemetryQuery(RangeQuery):
    """A range of days, the last seven by default."""

    def days(self, today: date) -> DayRange:
        """The range meant; Refused when it is empty or too long."""
        stop = self.to or today + timedelta(days=1)
        default = DayRange(self.from_ or stop - timedelta(days=DAYS_DEFAULT), stop)
        return checked_range(self.named_days(today) or default)


class TelemetryCallsQuery(TelemetryQuery):
    """A subject's calls, the newest first."""

    session: Text | None = Field(
        None,
        description="Only this session; empty for calls without one.",
        examples=["3f2b8a1e9c5d4e7f8a6b1c2d3e4f5a6b"],
    )
    limit: Limit = Field(LIMIT_DEFAULT, description="Calls of one page.")
    cursor: Cursor | None = Field(None, description="`next_cursor` of the page before.")


class TopQuery(TelemetryQuery):
    """The dearest."""

    by: By = Field(By.USER, description="What the list is of.", examples=["model"])
