"""Models: what a million tokens cost in fact, what the cache saved, and what another model would
cost."""

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.connection import api, asked_ahead, today
from ui.page_parts.model.one_model import draw_model
from ui.page_parts.model.overview import show_models
from ui.parts.choosers import choose_period
from ui.parts.no_calls import show_no_calls
from ui.parts.sign_in import show_part_seen
from ui.rows.row_order import keep_order


def draw_models() -> None:
    st.title("Models", anchor=False)
    show_part_seen(api().me())
    current = today(api().health())
    period = choose_period(current)
    keep_order("models")
    with asked_ahead(lambda client: client.prices(history=True)):
        usage = api().usage(period, "model")
    if usage.data:
        show_models(usage, api().prices(history=True).data, current)
    else:
        show_no_calls(usage, today=current)


chosen = address.read(Parameter.MODEL)
if chosen:
    draw_model(chosen)
else:
    draw_models()
