"""Live: the newest calls of today as they are metered."""

from datetime import datetime

import streamlit as st

from ui.api.connection import REFRESH_S, api, now
from ui.api.found_calls import newest_calls
from ui.api.me_answer import Permission
from ui.page_parts.live.call_rate import days_of_minutes
from ui.page_parts.live.newest import show_age, show_list, show_rate
from ui.page_parts.live.scrolled import is_scrolled
from ui.parts.failure import failures_shown
from ui.period import one_day
from ui.rows.row_order import keep_order

ROWS = 50


def show_newest(*, is_live: bool) -> None:
    """Today is asked for at each look, so the list goes on past midnight. The minutes before
    midnight are of the day before.
    """
    came: list[datetime] = []
    came_of_metering: list[datetime] = []
    keep_order("calls")
    with failures_shown("live", is_live=is_live):
        client, listing, at = api(), api(came=came), now()
        days = days_of_minutes(at, zone=client.health().zone)
        found = newest_calls(listing, one_day(days.last), limit=ROWS)
        recent = found
        if days.first < days.last and found.page.next_cursor is None:
            recent = found.with_earlier(newest_calls(listing, one_day(days.first), limit=ROWS))
        if recent.data:
            sees_all = client.me().may(Permission.BILLING)
            metering = api(came=came_of_metering).metering() if sees_all else None
            show_rate(recent, metering, now=now(), came=min(came))
        show_age(min([*came, *came_of_metering]), now=now())
        if found.data:
            show_list(found)
            return
        if found.page.next_cursor:  # the API reads no more than so many of everybody's at once
            st.info(
                "None of everybody's newest calls is one that you see. Older ones of today are on "
                "the pages of those who made them.",
                icon=":material/hourglass_empty:",
            )
            return
        st.info(
            "No call of today yet. Send one through the gateway: it appears here within "
            "seconds of its answer.",
            icon=":material/hourglass_empty:",
        )


st.title("Live", anchor=False)
paused = is_scrolled()
st.caption(
    "Paused while you read further down: scroll to the top to go on."
    if paused
    else f"Asks every {REFRESH_S} seconds, a slow API less often. It pauses while you scroll down."
)
st.fragment(show_newest, run_every=None if paused else REFRESH_S)(is_live=not paused)
