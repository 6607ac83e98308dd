"""What a page shows instead of numbers if there are none: why, and what to do next."""

from datetime import date
from zoneinfo import ZoneInfo

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.usage_answers import Usage
from ui.format import instant
from ui.period import Range, month_of


def show_no_calls(usage: Usage, *, today: date) -> None:
    """No calls in the range: lead to the month of the newest call, or to sending a first one."""
    if usage.newest_call is None:
        st.info(
            "No call has been metered yet. Send one through the gateway: it appears here within "
            "seconds of its answer.",
            icon=":material/hourglass_empty:",
        )
        return
    newest = usage.newest_call.astimezone(ZoneInfo(usage.zone)).date()
    st.info(
        f"No calls in this range. The newest event is of {instant(usage.newest_call, usage.zone)}.",
        icon=":material/event_busy:",
    )
    if st.button(f"Show {newest:%B %Y}", key="show_newest"):
        address.go_to(address.range_of(month_of(newest), today=today))


def show_nothing(said: str, *, place: str) -> None:
    """Nothing in the days that were chosen: offer more of them. `place` is for its button."""
    st.info(said, icon=":material/event_busy:")
    if address.read(Parameter.RANGE) == Range.DAYS_90:
        return
    if st.button(f"Show {Range.DAYS_90}", key=f"more_days_{place}"):
        fewer = (Parameter.FIRST, Parameter.LAST, Parameter.AFTER)
        address.change({Parameter.RANGE: Range.DAYS_90, **dict.fromkeys(fewer)})
        st.rerun()
