"""Calls of everybody whom the caller sees, the newest first."""

import msgspec

from ui.api.client import Client, days_of
from ui.api.transport import Parameters
from ui.api.usage_answers import Call, CallState, Head, Page
from ui.period import Period

FOUND_MAX = 50


class FoundCall(Call, frozen=True, kw_only=True):
    """A call and whose it is."""

    subject: str
    name: str | None = None
    cost_centre: str | None = None


class FoundCalls(Head, frozen=True, kw_only=True):
    data: list[FoundCall]
    page: Page

    def with_earlier(self, earlier: "FoundCalls") -> "FoundCalls":
        """All calls of these days, if this list is whole, and the newest of the days before."""
        rows = [*self.data, *earlier.data]
        return msgspec.structs.replace(self, first=earlier.first, data=rows, page=earlier.page)


def newest_calls(
    client: Client,
    period: Period,
    *,
    limit: int,
    model: str | None = None,
    state: CallState | None = None,
) -> FoundCalls:
    """One page of them, of one model or of all, in one state or in any."""
    query: Parameters = (*days_of(period), ("limit", str(limit)))
    if model is not None:
        query = (*query, ("model", model))
    if state is not None:
        query = (*query, ("state", state.value))
    return client.ask(FoundCalls, "/v1/calls", query=query)


def calls_with(client: Client, text: str) -> FoundCalls:
    """Calls of the last weeks with exactly this request id, response id, trace or session."""
    query = (("q", text), ("limit", str(FOUND_MAX)))
    return client.ask(FoundCalls, "/v1/calls", query=query)


def call_of_trace(client: Client, period: Period, *, subject: str, trace_id: str) -> Call | None:
    """The one call of a person that belongs to a trace; None while it is not metered."""
    query = (*days_of(period), ("subject", subject), ("q", trace_id), ("limit", "1"))
    found = client.ask(FoundCalls, "/v1/calls", query=query).data
    return found[0] if found else None
