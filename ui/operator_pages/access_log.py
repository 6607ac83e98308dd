"""The access log: who looked at whose calls, for administrators."""

import streamlit as st

from ui.api.connection import api, now
from ui.api.me_answer import Accesses, AccessRow
from ui.export.buttons import Extent, show_files
from ui.format import days, instant
from ui.parts.choosers import choose_period
from ui.parts.no_calls import show_nothing
from ui.parts.paging import page_cursor, show_paging
from ui.parts.tables import (
    Column,
    count_column,
    first_names,
    moment_column,
    plain_table,
    text_column,
)
from ui.period import Period
from ui.rows.row_order import keep_order

ZONE = "UTC"
"""Days and times of the log, whatever the billing zone is."""


def show_accesses(found: Accesses, period: Period) -> None:
    rows = found.data
    columns = {
        "At": moment_column([row.at for row in rows], lambda at: instant(at, ZONE)),
        "Who": text_column([row.caller for row in rows]),
        "Roles": text_column([", ".join(row.roles) for row in rows]),
        "Asked": text_column([row.path for row in rows]),
        "With": text_column([row.query for row in rows]),
        "Subjects": count_column([row.count for row in rows]),
        "Whose calls": Column(
            cells=[whose(row) for row in rows], format=first_names, is_number=False
        ),
    }
    shown = plain_table(
        "accesses",
        columns,
        alt="Answers that showed what belongs to others, the newest first",
        sortable=0 if found.page.next_cursor or page_cursor() else None,
    )
    extent, none = Extent(page=found.page), "no amounts"
    show_files("access log", shown, period=period, zone=ZONE, currency=none, extent=extent)


def whose(row: AccessRow) -> str | None:
    """Those who were shown; None where there were too many to name."""
    return "everybody's" if row.count is None else ", ".join(row.subjects) or None


def draw_access_log() -> None:
    st.title("Access log")
    st.caption("Every answer that showed somebody what belongs to others.")
    period = choose_period(now().date())  # of UTC, as the log's days
    st.caption(f"{days(period.first, period.last)} · days of {ZONE}")
    keep_order("accesses")
    found = api().access_log(period, after=page_cursor())
    if found.data:
        show_accesses(found, period)
    elif page_cursor():
        st.info("Nothing more: all is on the pages before.", icon=":material/search_off:")
    else:
        show_nothing("Nobody looked at calls of others in these days.", place="access_log")
    show_paging(found.page.next_cursor)


draw_access_log()
