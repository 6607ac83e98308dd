"""The list of people and applications, sorted and paged by the API."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal

import streamlit as st

from ui import address
from ui.address import Parameter, Parameters
from ui.api.client import ALL, Client, Only, SubjectSort
from ui.api.connection import REFRESH_S, api, redraw_after_midnight, today
from ui.api.usage_answers import Gone, SubjectRow, Subjects
from ui.export.buttons import Extent, show_exports
from ui.figures.comparison import change_of, per_day, share_of
from ui.figures.units import tokens
from ui.filters.chosen import FILTERS
from ui.format import counted
from ui.parts.choosers import choose, search
from ui.parts.failure import failures_shown
from ui.parts.kpis import charge_words, scope_parts
from ui.parts.paging import page_cursor, show_paging
from ui.parts.tables import (
    Cell,
    Column,
    change_column,
    charge_column,
    count_column,
    day_column,
    linked_rows,
    share_column,
    text_column,
)
from ui.parts.uncharged import lacking_words
from ui.period import Period
from ui.rows.row_order import PEOPLE_LIST, keep_order

SORTS: Mapping[str, SubjectSort] = {
    "Charge": "charge",
    "Change": "change",
    "Calls": "calls",
    "Subject": "subject",
}
SHARE_OF_FOUND = "Share of those found"
"""The totals of a search are those of the people that it found."""
NOBODY_LATER = "Nobody is on this page any more. All are on the pages before."
"""A person whose charge has grown is further up, also past the place where this page begins."""
GONE = ""
"""The id of the row of those who do not call any more; no subject is empty."""


@st.fragment(run_every=REFRESH_S)
def show_people(
    period: Period, compared: Period, only: Only, *, running_day: date, headed: bool = False
) -> None:
    """One page of them, and its files. `headed` says above them what all people cost: then they
    are what the page is about.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sort = choose("Sort by", Parameter.SORT, options=SORTS)
        text = search("Search", placeholder="Name, subject or cost centre")
    next_cursor = None
    keep_order(PEOPLE_LIST)
    with failures_shown("people", is_live=True):
        redraw_after_midnight(running_day)
        people = api().subjects(
            period, sort=sort, search=text, after=page_cursor(), only=only, compared=compared
        )
        if people.data:
            if headed:
                show_head(people)
        else:
            said = NOBODY_LATER if page_cursor() else nobody_words(text, only)
            st.info(said, icon=":material/search_off:")
        if people.data or gone_after(people):
            show_list(people, compared, sort=sort)
        next_cursor = people.page.next_cursor
    show_paging(next_cursor, stays=not headed)


def nobody_words(text: str, only: Only) -> str:
    """Why the list has no row, and what may bring one: a search, a filter or the days leave out
    those who call.
    """
    ways = [*(["empty the search"] if text else []), *(["drop the filter"] if only != ALL else [])]
    if not ways:
        return "Nobody has calls in these days. Choose more days."
    return f"Nobody has calls that match. {', '.join(ways).capitalize()}, or choose more days."


def people_asked(period: Period, compared: Period, only: Only) -> Callable[[Client], Subjects]:
    """What the list asks, as the address says it; a word that is no order gets the usual one."""
    sort = SORTS.get(address.read(Parameter.SORT) or "", "charge")
    text = (address.read(Parameter.SEARCH) or "").strip()
    after = page_cursor()
    return lambda client: client.subjects(
        period, sort=sort, search=text, after=after, only=only, compared=compared
    )


def show_head(people: Subjects) -> None:
    """What all of them cost, also those on other pages."""
    totals = people.totals
    lacking = lacking_words(totals) if totals.charge else ""
    cost = charge_words(totals, people.currency)
    st.markdown(f"{cost} for {counted(totals.calls, 'call')}.{lacking}")
    st.caption(" · ".join(scope_parts(people, today=today(api().health()))))


def show_list(people: Subjects, compared: Period, *, sort: SubjectSort) -> None:
    """A row opens the page of whom it is about. The last one may be of those who are gone."""
    columns = people_columns(people)
    kept, ids = address.kept_range(), [row.subject for row in people.data]
    links: list[Parameters | None] = [{**kept, Parameter.SUBJECT: subject} for subject in ids]
    if gone_after(people):
        ids, links = [*ids, GONE], [*links, None]
    shown = linked_rows(
        PEOPLE_LIST,
        ids,
        links=links,
        columns=columns,
        alt="People and applications with their charge, change, calls and tokens",
        # Without anybody the row of those who are gone is the whole list.
        sortable=0 if people.page.next_cursor or page_cursor() else len(people.data) or None,
    )
    extent = Extent(
        narrowed_by=(Parameter.SEARCH, *FILTERS.values()),
        compared=compared,
        order=f"by {sort}",
        count=len(people.data),
    )
    if extent_words := page_of(people):
        st.caption(extent_words)
    show_exports("people", shown, people, extent=extent)


def page_of(people: Subjects) -> str | None:
    """Which part of the list is shown; None where it is shown whole."""
    if not people.page.next_cursor and not page_cursor():
        return None
    of_all = "" if people.subjects is None else f" of {people.subjects:,}"
    return f"{len(people.data):,}{of_all} people and applications."


def gone_after(people: Subjects) -> Gone | None:
    """Who called in the compared days alone, after the last of those who still call."""
    gone = people.gone
    return gone if gone and gone.subjects and not people.page.next_cursor else None


def people_columns(people: Subjects) -> dict[str, Column]:
    """What the list shows, also in its files."""
    rows, whole, currency = people.data, people.totals.charge, people.currency
    share = SHARE_OF_FOUND if address.read(Parameter.SEARCH) else "Share"
    columns = {
        "Name": text_column([row.name or row.subject for row in rows]),
        f"Charge ({currency})": charge_column([row.charge for row in rows]),
        f"Change ({currency})": change_column([_change(row) for row in rows]),
        share: share_column([share_of(row.charge, whole) for row in rows]),
        "Cost centre": text_column([row.cost_centre for row in rows]),
        "First active": day_column([row.first_day for row in rows]),
        "Last active": day_column([row.last_day for row in rows]),
        f"{currency} per active day": charge_column(
            [per_day(row.charge, row.active_days) for row in rows]
        ),
        "Calls": count_column([row.calls for row in rows]),
        "Tokens": count_column([tokens(row.units) for row in rows]),
        "Unpriced calls": count_column([row.unpriced_calls for row in rows]),
    }
    gone = gone_after(people)
    if gone is None:
        return columns
    cells: Mapping[str, Cell] = {
        "Name": f"{gone.subjects:,} without calls any more",
        f"Charge ({currency})": Decimal(0),
        f"Change ({currency})": change_of(Decimal(0), gone.earlier_charge),
        "Calls": 0,
    }
    return {
        title: replace(column, cells=[*column.cells, cells.get(title)])
        for title, column in columns.items()
    }


def _change(row: SubjectRow) -> Decimal | None:
    return change_of(row.charge, row.earlier_charge)
