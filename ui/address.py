"""The URL is the only state of the pages: which view, of what, and how it is ordered.

It contains ids, never positions or names, so that people can send it to someone and Back works. It
is written in one go, because Streamlit makes each write an entry of the browser's history.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import NoReturn
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from ui.api.errors import AddressUnreadable
from ui.format import escape
from ui.period import FIRST_DAY, LAST_DAY, Period, Range, month_of

USAGE_PAGE = "app_pages/usage.py"
MY_USAGE_PAGE = "app_pages/my_usage.py"
RERATINGS_PAGE = "app_pages/reratings.py"
INVOICES_PAGE = "app_pages/invoices.py"
COMPLETENESS_PAGE = "app_pages/completeness.py"
PLAYGROUND_PAGE = "app_pages/playground.py"
LIVE_PAGE = "app_pages/live.py"
MODELS_PAGE = "app_pages/models.py"
TRACES_PAGE = "operator_pages/traces.py"
PEOPLE_PAGE = "app_pages/people.py"
CENTRES_PAGE = "app_pages/cost_centres.py"
SEARCH_PAGE = "app_pages/search.py"
PRICES_PAGE = "app_pages/prices.py"
ADMIN_PAGE = "operator_pages/admin.py"
ACCESS_LOG_PAGE = "operator_pages/access_log.py"

_PATHS = {
    USAGE_PAGE: "",
    **{page: Path(page).stem for page in (RERATINGS_PAGE, INVOICES_PAGE, MODELS_PAGE, TRACES_PAGE)},
}
"""Paths in an address of the pages to which rows of lists lead."""


class Parameter(StrEnum):
    """Every URL parameter of the pages."""

    RANGE = "range"
    FIRST = "first"
    LAST = "last"
    SUBJECT = "subject"
    DAY = "day"
    CALL = "call"
    SESSION = "session"
    MODEL = "model"
    INSTEAD = "instead"
    CALLS = "calls"
    VERSION = "version"
    TYPE = "type"
    TIER = "tier"
    REGION = "region"
    PROMPT = "prompt"
    CACHED = "cached"
    OUTPUT = "output"
    BY = "by"
    SORT = "sort"
    ORDER = "order"
    SEARCH = "q"
    AFTER = "after"
    RUN = "run"
    INVOICE = "invoice"
    DOCUMENTS = "documents"
    MONTH = "month"
    AGAINST = "against"
    SPAN = "span"
    COMPARE = "compare"
    COMPARE_FIRST = "compare_first"
    COMPARE_LAST = "compare_last"
    COST_CENTRE = "cost_centre"
    FIND = "find"
    VIEW = "view"
    GROUPS = "groups"


KEPT_BY_A_LINK = (
    Parameter.RANGE,
    Parameter.FIRST,
    Parameter.LAST,
    Parameter.COMPARE,
    Parameter.COMPARE_FIRST,
    Parameter.COMPARE_LAST,
)
"""Parameters that stay when another view is opened; the others belong to the old view."""
CHOSEN_BY = {
    Parameter.FIRST: Parameter.RANGE,
    Parameter.LAST: Parameter.RANGE,
    Parameter.COMPARE_FIRST: Parameter.COMPARE,
    Parameter.COMPARE_LAST: Parameter.COMPARE,
}
"""Days that count with one value of another parameter alone."""

Parameters = Mapping[Parameter, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link to another view, for the way back."""

    label: str
    parameters: Parameters
    page: str = USAGE_PAGE


_NOTED: ContextVar[set[str] | None] = ContextVar("parameters that were read", default=None)


@contextmanager
def reads_noted() -> Iterator[set[str]]:
    """Which parameters are read inside, as they are."""
    noted: set[str] = set()
    before = _NOTED.set(noted)
    try:
        yield noted
    finally:
        _NOTED.reset(before)


def unused(noted: Collection[str]) -> list[str]:
    """Parameters of the URL that nothing has read. Those that links keep are among them only where
    the page has read the choice that they belong to, and it was another one.
    """
    return [
        name
        for name in st.query_params
        if name not in noted
        if name not in KEPT_BY_A_LINK or CHOSEN_BY.get(Parameter(name)) in noted
    ]


def read(parameter: Parameter, *, part: str = "") -> str | None:
    """What the URL says; the page that asks uses it, or a `part` of it alone."""
    if (noted := _NOTED.get()) is not None:
        noted.update((parameter, part))
    return for_link(parameter)


def for_link(parameter: Parameter) -> str | None:
    """The same for the address of another view: this page does not depend on it."""
    return st.query_params.get(parameter) or None


def read_day(parameter: Parameter) -> date | None:
    """The day in the URL; AddressUnreadable when it is not a day."""
    text = read(parameter)
    if text is None:
        return None
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if FIRST_DAY <= day <= LAST_DAY:
            return day
    raise AddressUnreadable(
        f"{parameter}={text!r} in the address of this page: expected a day as YYYY-MM-DD, from "
        f"{FIRST_DAY} to {LAST_DAY}"
    )


def read_count(parameter: Parameter, *, most: int) -> int | None:
    """The count in the URL; AddressUnreadable when it is none from 0 to `most`."""
    text = read(parameter)
    if text is None:
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(most)) and int(text) <= most:
        return int(text)
    raise AddressUnreadable(
        f"{parameter}={text!r} in the address of this page: expected a number from 0 to {most:,}"
    )


def change(changes: Mapping[Parameter, str | None]) -> None:
    """Write these parameters and leave the others; None removes one.

    The page is no longer the saved view of that name, except where it turns to another page of the
    same list.
    """
    merged: dict[str, str | None] = dict(st.query_params.to_dict())
    if set(changes) != {Parameter.AFTER}:
        merged.pop(Parameter.VIEW, None)
    merged.update((str(name), value) for name, value in changes.items())
    st.query_params.from_dict({name: value for name, value in merged.items() if value})


def all_with(parameter: Parameter, value: str) -> dict[Parameter, str]:
    """The address of this view with one parameter more: no longer the saved view of its name."""
    found = {each: text for each in Parameter if (text := for_link(each)) is not None}
    found.pop(Parameter.VIEW, None)
    return {**found, parameter: value}


def kept_range() -> dict[Parameter, str]:
    """The range in the URL, for a link to another view."""
    values = {parameter: for_link(parameter) for parameter in KEPT_BY_A_LINK}
    return {parameter: value for parameter, value in values.items() if value is not None}


def range_around(day: date, *, today: date) -> dict[Parameter, str]:
    """The range in the URL; for an address without one, the month of `day`."""
    kept = kept_range()
    if kept.keys() & {Parameter.RANGE, Parameter.FIRST, Parameter.LAST}:
        return kept
    return {**range_of(month_of(day), today=today), **kept}


def range_of(period: Period, *, today: date) -> dict[Parameter, str]:
    """The parameters that make the range chooser show this period."""
    if period == month_of(today):
        return {}
    return {
        Parameter.RANGE: Range.CUSTOM,
        Parameter.FIRST: period.first.isoformat(),
        Parameter.LAST: period.last.isoformat(),
    }


def href(parameters: Parameters, *, page: str = USAGE_PAGE) -> str:
    """The address of a view of a page, for a link."""
    query = urlencode({str(name): value for name, value in parameters.items()})
    return f"./{_PATHS[page]}?{query}"


def open_link(link: str) -> NoReturn:
    """Open an address that `href` has made, also before the page is drawn again."""
    path, _, query = link.removeprefix("./").partition("?")
    page = next(each for each, its_path in _PATHS.items() if its_path == path)
    st.switch_page(page, query_params=dict(parse_qsl(query, keep_blank_values=True)))


def go_to(parameters: Parameters) -> NoReturn:
    """Set the address and draw the whole page again, also from within a live part of it."""
    st.query_params.from_dict({str(name): value for name, value in parameters.items()})
    st.rerun()


def go_to_page(page: str, parameters: Parameters) -> NoReturn:
    """Open another page at this address of it."""
    st.switch_page(page, query_params={str(name): value for name, value in parameters.items()})


def open_usage(parameters: Parameters) -> NoReturn:
    """Open a view of the usage page from any page."""
    go_to_page(USAGE_PAGE, parameters)


def breadcrumbs(links: Sequence[Link]) -> None:
    """Draw the way back; each step is a link of its own."""
    with st.container(horizontal=True, gap="small"):
        for link in links:
            st.page_link(
                link.page,
                label=escape(link.label),
                icon=":material/chevron_left:",
                query_params={str(name): value for name, value in link.parameters.items()},
            )
