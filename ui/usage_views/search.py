"""What a text finds: people and applications by name, and calls by one of their ids."""

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import api, today
from ui.api.found_calls import FoundCalls, calls_with, first_filled
from ui.api.usage_answers import Subjects
from ui.export.buttons import Extent, show_exports
from ui.figures.units import tokens
from ui.format import clock, escape
from ui.format import day as day_text
from ui.parts.call_state import state_words
from ui.parts.failure import failures_shown
from ui.parts.paging import page_cursor, show_paging
from ui.parts.tables import (
    charge_column,
    count_column,
    day_column,
    linked_rows,
    text_column,
)
from ui.period import Range, period_of

RANGE = Range.DAYS_90
"""Days in which people and applications are searched for."""
IDS = "request id, response id, trace id or session"
FOUND = Extent(narrowed_by=(Parameter.FIND,))


def draw_search() -> None:
    st.title("Search")
    text = (address.read(Parameter.FIND) or "").strip()
    if not text:
        st.info(f"Enter a name, or a call's {IDS}.", icon=":material/search:")
        return
    st.caption(
        f"Found for “{escape(text)}”: people and applications of the last 90 days, and calls of "
        f"the last 30 days with exactly this {IDS}."
    )
    current = today(api().health())
    period = period_of(RANGE, today=current, first=current, last=current)
    with failures_shown("found_calls"):
        people = None
        if page_cursor() is None:  # people are all on the first page
            people = api().subjects(period, sort="charge", search=text, after=None)
        calls = found_calls(text, is_name=bool(people and people.data))
        if calls.data:
            show_found_calls(calls)
        elif calls.page.next_cursor:
            where = "among the newest ones" if page_cursor() is None else "on this page"
            st.info(
                f"No call with this id {where}. The next page looks further back.",
                icon=":material/search:",
            )
        elif page_cursor() is not None:
            st.info(
                "Nothing found further back. What was found, if anything, is on the pages before.",
                icon=":material/search:",
            )
        elif not (people and people.data):
            st.info(
                "Nothing found. A part of a name is enough; an id must be whole.",
                icon=":material/search_off:",
            )
        show_paging(calls.page.next_cursor)
        if people and people.data:
            show_found_people(people)


def found_calls(text: str, *, is_name: bool) -> FoundCalls:
    """A page of them. What names people is hardly an id, so it is not looked for further back
    before somebody wants that.
    """
    if is_name:
        return calls_with(api(), text, after=page_cursor())
    return first_filled(lambda after: calls_with(api(), text, after=after), after=page_cursor())


def show_found_calls(calls: FoundCalls) -> None:
    st.header("Calls")
    rows = calls.data
    columns = {
        "Time": text_column(
            [f"{day_text(row.day)}, {clock(row.time, calls.zone)}" for row in rows]
        ),
        "Who": text_column([row.name or row.subject for row in rows]),
        "Model": text_column([row.model or row.deployment for row in rows]),
        f"Charge ({calls.currency})": charge_column(
            [row.cost.charge if row.cost else None for row in rows]
        ),
        "Tokens": count_column([tokens(row.units) for row in rows]),
        "State": text_column([state_words(row.state, row.status) for row in rows]),
    }
    shown = linked_rows(
        "calls",
        [row.id for row in rows],
        links=[{Parameter.CALL: row.id} for row in rows],
        columns=columns,
        alt="Calls with this id",
        sortable=0,
    )
    show_exports("found calls", shown, calls, extent=FOUND)


def show_found_people(people: Subjects) -> None:
    st.header("People and applications")
    rows = people.data
    if people.page.next_cursor:
        of_all = "" if people.subjects is None else f" of {people.subjects:,}"
        st.caption(f"The dearest {len(rows):,}{of_all}: write more of the name to find others.")
        st.page_link(
            address.PEOPLE_PAGE,
            label="All of them on the page People",
            icon=":material/group:",
            query_params={
                Parameter.SEARCH.value: address.for_link(Parameter.FIND) or "",
                Parameter.RANGE.value: RANGE,
            },
        )
    columns = {
        "Name": text_column([row.name or row.subject for row in rows]),
        "Subject": text_column([row.subject for row in rows]),
        "Cost centre": text_column([row.cost_centre for row in rows]),
        f"Charge ({people.currency})": charge_column([row.charge for row in rows]),
        "Calls": count_column([row.calls for row in rows]),
        "Last active": day_column([row.last_day for row in rows]),
    }
    shown = linked_rows(
        "people",
        [row.subject for row in rows],
        links=[{Parameter.SUBJECT: row.subject, Parameter.RANGE: RANGE} for row in rows],
        columns=columns,
        alt="People and applications whose name, subject or cost centre has this text",
        sortable=0,
    )
    show_exports("found people", shown, people, extent=FOUND)
