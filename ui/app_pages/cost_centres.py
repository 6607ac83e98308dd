"""Cost centres: who pays how much, and what nobody pays for."""

import streamlit as st

from ui.api.connection import api, asked_ahead, today
from ui.page_parts.people.centres import show_centres
from ui.parts.choosers import choose_days
from ui.parts.sign_in import show_part_seen

st.title("Cost centres")
show_part_seen(api().me())
running_day = today(api().health())
period, compared = choose_days(running_day)
with asked_ahead(
    lambda client: client.usage(period, "cost_centre"),
    lambda client: client.usage(compared, "cost_centre"),
    lambda client: client.usage(period, "cost_centre", "day"),
):
    show_centres(period, compared, running_day)
