"""What a page shows instead of numbers if there are none: why, and what to do next."""

from datetime import date
from zoneinfo import ZoneInfo

import streamlit as st

from ui import address, chosen_values
from ui.address import Parameter
from ui.api.client import ALL, Only
from ui.api.usage_answers import Usage
from ui.format import escape, instant
from ui.period import Range, month_of


def show_no_calls(usage: Usage, *, today: date, only: Only = ALL) -> None:
    """No calls in the range: lead to the month of the newest call, or to sending a first one. A
    page that is narrowed leads to the same days of everything first.
    """
    if usage.newest_call is None:
        st.info(
            "No call has been metered yet. Send one through the gateway: it appears here within "
            "seconds of its answer.",
            icon=":material/hourglass_empty:",
        )
        return
    newest = usage.newest_call.astimezone(ZoneInfo(usage.zone)).date()
    of_all = " of all" if only != ALL else ""
    st.info(
        f"No calls{_of(only)} in this range. The newest event{of_all} is of "
        f"{escape(instant(usage.newest_call, usage.zone))}.",
        icon=":material/event_busy:",
    )
    with st.container(horizontal=True):
        if only.model:
            _show_all("models", Parameter.MODEL)
        if only.cost_centre is not None:
            _show_all("cost centres", Parameter.COST_CENTRE)
        # The days that are shown already are no way out.
        month = month_of(newest)
        if month != usage.period and st.button(f"Show {newest:%B %Y}", key="show_newest"):
            filters = {
                each: address.read(each) for each in (Parameter.MODEL, Parameter.COST_CENTRE)
            }
            kept = {each: value for each, value in filters.items() if value}
            address.go_to({**address.range_of(month, today=today), **kept})


def _of(only: Only) -> str:
    """What a page is narrowed to, as Markdown."""
    model = f" of model {escape(only.model)}" if only.model else ""
    if only.cost_centre is None:
        return model
    centre = only.cost_centre
    return model + (f" of cost centre {escape(centre)}" if centre else " without a cost centre")


def _show_all(words: str, parameter: Parameter) -> None:
    """The way to the same days without one of the filters."""
    st.button(
        f"Show all {words}",
        key=f"all_{parameter}",
        on_click=chosen_values.change,
        args=({parameter: None, Parameter.AFTER: None},),
    )


def show_nothing(said: str, *, place: str) -> None:
    """Nothing in the days that were chosen: offer more of them. `place` is for its button."""
    st.info(said, icon=":material/event_busy:")
    if address.read(Parameter.RANGE) == Range.DAYS_90:
        return
    if st.button(f"Show {Range.DAYS_90}", key=f"more_days_{place}"):
        fewer = (Parameter.FIRST, Parameter.LAST, Parameter.AFTER)
        chosen_values.change({Parameter.RANGE: Range.DAYS_90, **dict.fromkeys(fewer)})
        st.rerun()
