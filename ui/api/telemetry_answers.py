"""What the API answers from Application Insights, as far as the pages show it; see `answers`."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct

from ui.api.client import Client, days_of, segment
from ui.api.transport import Parameters
from ui.api.usage_answers import Head, Page
from ui.period import Period

PAGE_ROWS = 100
NOT_CONFIGURED = "telemetry-not-configured"
"""The kind of refusal of an API that reads no Application Insights."""

TopBy = Literal["user", "session", "model"]


class Session(Struct, frozen=True, kw_only=True):
    """One session of one person; None is their calls without one."""

    session: str | None
    first: datetime
    last: datetime
    calls: int
    errors: int
    charge: Decimal | None
    input_tokens: int
    output_tokens: int


class Sessions(Head, frozen=True, kw_only=True):
    """A person's sessions, the last first."""

    subject: str
    name: str | None
    published_until: datetime | None
    more: bool
    data: list[Session]


class TracedCall(Struct, frozen=True, kw_only=True):
    """One call with the times of gateway and model."""

    id: str | None
    time: datetime
    session: str | None
    model: str
    operation: str
    state: str
    status: int | None
    charge: Decimal | None
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    gateway_ms: int | None
    backend_ms: int | None
    backend_tries: int


class TracedCalls(Head, frozen=True, kw_only=True):
    """A page of a person's calls, the newest first."""

    subject: str
    name: str | None
    published_until: datetime | None
    partial: bool = False
    """Whether Application Insights answered in part: some may be missing. The same of a trace."""
    data: list[TracedCall]
    page: Page


class TraceStep(Struct, frozen=True, kw_only=True):
    """One step of a call."""

    step: Literal["gateway", "model", "metering", "correction"]
    name: str
    start: datetime
    duration_ms: int | None
    status: str | None


class Trace(Struct, frozen=True, kw_only=True):
    """One call from the gateway to the ledger."""

    id: str
    call_id: str
    subject: str
    name: str | None
    time: datetime
    session: str | None
    model: str
    trace_ids: list[str]
    gateway_found: bool
    partial: bool
    published_until: datetime | None
    steps: list[TraceStep]


class TopLine(Struct, frozen=True, kw_only=True):
    """One of the dearest."""

    group: str | None
    name: str | None
    subject: str | None
    calls: int
    charge: Decimal | None
    input_tokens: int
    output_tokens: int


class Top(Head, frozen=True, kw_only=True):
    """The dearest of a range, and all others together."""

    published_until: datetime | None
    data: list[TopLine]
    rest: TopLine


def top(client: Client, period: Period, by: TopBy) -> Top:
    """The dearest of everybody's; for those who see everybody."""
    return client.ask(Top, "/v1/telemetry/top", query=(*days_of(period), ("by", by)))


def sessions(client: Client, subject: str, period: Period) -> Sessions:
    path = f"/v1/telemetry/subjects/{segment(subject)}/sessions"
    return client.ask(Sessions, path, query=days_of(period))


def traced_calls(
    client: Client, subject: str, period: Period, *, session: str | None, after: str | None
) -> TracedCalls:
    """The calls of a session; an empty one is the calls without a session, None is all calls."""
    query: Parameters = (*days_of(period), ("limit", str(PAGE_ROWS)))
    if session is not None:
        query = (*query, ("session", session))
    if after:
        query = (*query, ("cursor", after))
    return client.ask(TracedCalls, f"/v1/telemetry/subjects/{segment(subject)}/calls", query=query)


def trace(client: Client, call: str) -> Trace:
    return client.ask(Trace, f"/v1/telemetry/calls/{segment(call)}")
