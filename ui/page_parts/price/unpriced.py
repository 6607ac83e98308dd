"""Models that were called and have no price, and the way to the lines that would price them."""

from datetime import date

import streamlit as st

from ui import address
from ui.address import USAGE_PAGE, Parameter
from ui.api.client import Client
from ui.api.connection import api
from ui.api.found_calls import first_filled, newest_calls
from ui.api.me_answer import KEEPERS, Permission
from ui.api.usage_answers import CallState, Usage
from ui.figures.units import tokens
from ui.format import counted, escape
from ui.format import day as day_text
from ui.period import month_of, one_day

SHOWN_MAX = 10


def usage_asked(client: Client, today: date) -> Usage:
    """The running month by day and model."""
    return client.usage(month_of(today), "day", "model")


def show_unpriced(today: date) -> None:
    """Nothing where every call of this month has a price."""
    usage = usage_asked(api(), today)
    unpriced: dict[str, int] = {}
    calls: dict[str, int] = {}
    used: dict[str, int] = {}
    newest: dict[str, date] = {}
    for row in usage.data:
        if row.model and row.day:
            unpriced[row.model] = unpriced.get(row.model, 0) + row.unpriced_calls
            calls[row.model] = calls.get(row.model, 0) + row.calls
            used[row.model] = used.get(row.model, 0) + tokens(row.units)
            if row.unpriced_calls:
                newest[row.model] = max(row.day, newest.get(row.model, row.day))
    if not newest:
        return
    st.header("Called and without a price", anchor=False)
    for model in sorted(newest, key=lambda name: -unpriced[name])[:SHOWN_MAX]:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{escape(model)}**: {unpriced[model]:,} of {counted(calls[model], 'call')} of "
                f"this month, in no total ({counted(used[model], 'token')} in all its calls)."
            )
            if st.button("Show the lines to add", key=f"lines-{model}", icon=":material/sell:"):
                _open_newest(model, newest[model])
    if len(newest) > SHOWN_MAX:
        st.caption(f"The {SHOWN_MAX:,} models with the most such calls, of {len(newest):,}.")
    if api().me().may(Permission.BILLING):
        remedy = "Add the lines to the price book; then `chargeback rerate stage` prices"
    else:
        remedy = f"Ask {KEEPERS} to add the lines to the price book; a re-rating then prices"
    st.caption(f"{remedy} these calls from their stored usage.")


def _open_newest(model: str, day: date) -> None:
    """The page of a call without a price has the lines, ready to copy."""
    found = first_filled(
        lambda after: newest_calls(
            api(), one_day(day), limit=1, model=model, state=CallState.UNPRICED, after=after
        )
    )
    if found.data:
        address.go_to_page(USAGE_PAGE, {Parameter.CALL: found.data[0].id})
    if found.page.next_cursor:
        st.info(
            f"They are not among the newest calls of {day_text(day)}: look for them on the page of "
            "a person who called the model.",
            icon=":material/hourglass_empty:",
        )
        return
    st.info("These calls have got their price meanwhile.", icon=":material/done_all:")
