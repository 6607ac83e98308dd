"""People and applications: who spends how much, and who changed."""

import streamlit as st

from ui.api.connection import api, today
from ui.filters.chosen import chosen, show_chosen
from ui.page_parts.people.people import show_people
from ui.parts.choosers import choose_days
from ui.parts.sign_in import show_part_seen

st.title("People")
show_part_seen(api().me())
running_day = today(api().health())
period, compared = choose_days(running_day)
show_chosen()
show_people(period, compared, chosen(), running_day=running_day, headed=True)
