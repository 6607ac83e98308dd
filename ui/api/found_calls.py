"""Calls of everybody whom the caller sees, and the caller's own, the newest first."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import TypeVar

import msgspec

from ui.api.client import Client, days_of
from ui.api.transport import Parameters
from ui.api.usage_answers import Call, Calls, CallState, Head, Page
from ui.period import Period, one_day

FOUND_MAX = 50
PAGE_ROWS = 200
"""As many has the API's largest page."""
PAGES_MAX = 50
"""Of one day: a page may have few calls of a model although more follow."""
DAYS_AT_ONCE = 4
MY_PAGES_MAX = 10
"""Of the caller's own calls: 2,000 of them."""
EMPTY_PAGES_MAX = 10
"""Pages without a call, one after the other, until whoever looks is asked to go on."""


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


Listed = TypeVar("Listed", Calls, FoundCalls)


def first_filled(ask: Callable[[str | None], Listed], *, after: str | None = None) -> Listed:
    """The first page with a call, from a place in the list on: one may have none although calls
    follow, since the API reads no more than so much for a page.

    After EMPTY_PAGES_MAX it is an empty one, and its cursor says where the list goes on.
    """
    answer = ask(after)
    for _ in range(EMPTY_PAGES_MAX - 1):
        if answer.data or answer.page.next_cursor is None:
            break
        answer = ask(answer.page.next_cursor)
    return answer


def newest_calls(
    client: Client,
    period: Period,
    *,
    limit: int,
    model: str | None = None,
    state: CallState | None = None,
    after: str | None = None,
) -> FoundCalls:
    """One page of them, of one model or of all, in one state or in any."""
    query: Parameters = (*days_of(period), ("limit", str(limit)))
    if after is not None:
        query = (*query, ("cursor", after))
    if model is not None:
        query = (*query, ("model", model))
    if state is not None:
        query = (*query, ("state", state.value))
    return client.ask(FoundCalls, "/v1/calls", query=query)


def calls_of_day(client: Client, day: date, *, model: str, most: int) -> list[FoundCall]:
    """The newest calls of a model on a day, page by page: no more than `most`, and fewer past
    PAGES_MAX.
    """
    found: list[FoundCall] = []
    after: str | None = None
    for _ in range(PAGES_MAX):
        limit = min(PAGE_ROWS, most - len(found))
        page = newest_calls(client, one_day(day), model=model, limit=limit, after=after)
        found += page.data
        after = page.page.next_cursor
        if after is None or len(found) == most:
            break
    return found


def calls_of_days(
    client: Client, calls: Mapping[date, int], *, model: str, most: int
) -> list[FoundCall]:
    """The newest calls of a model, of several days at a time, and no more than `most`.

    `calls` says how many there are of each day. The threads call nothing of Streamlit but its
    cache.
    """
    wanted: dict[date, int] = {}
    for day in sorted(calls, reverse=True):
        left = most - sum(wanted.values())
        if left and calls[day]:
            wanted[day] = min(calls[day], left)

    def read(day: date) -> list[FoundCall]:
        return calls_of_day(client, day, model=model, most=wanted[day])

    with ThreadPoolExecutor(DAYS_AT_ONCE) as pool:
        return [call for of_day in pool.map(read, wanted) for call in of_day]


def my_calls(client: Client, period: Period) -> Calls:
    """The caller's own calls, page by page; where MY_PAGES_MAX pages do not have them all, the
    answer's page goes on.
    """
    answer = client.my_newest_calls(period, after=None)
    rows = list(answer.data)
    for _ in range(MY_PAGES_MAX - 1):
        if answer.page.next_cursor is None:
            break
        answer = client.my_newest_calls(period, after=answer.page.next_cursor)
        rows += answer.data
    return msgspec.structs.replace(answer, data=rows)


def calls_with(client: Client, text: str, *, after: str | None = None) -> FoundCalls:
    """One page of the calls of the last weeks with exactly this request id, response id, trace or
    session. It may have none although some follow.
    """
    query: Parameters = (("q", text), ("limit", str(FOUND_MAX)))
    if after is not None:
        query = (*query, ("cursor", after))
    return client.ask(FoundCalls, "/v1/calls", query=query)


def call_of_trace(client: Client, period: Period, *, subject: str, trace_id: str) -> Call | None:
    """The one call of a person that belongs to a trace; None while it is not metered."""
    query = (*days_of(period), ("subject", subject), ("q", trace_id), ("limit", "1"))
    found = client.ask(FoundCalls, "/v1/calls", query=query).data
    return found[0] if found else None
