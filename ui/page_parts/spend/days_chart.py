"""The charge per day as stacked bars. A click on a bar narrows the page to its group."""

from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.client import Group, Only
from ui.api.connection import api
from ui.filters.chosen import all_groups, narrowed, words_of
from ui.parts.charts import (
    CHART_HEIGHT_PX,
    chart_about,
    clicked_group,
    daily_charges,
    daily_chart,
)
from ui.parts.failure import failures_shown
from ui.period import Period

LOW_PX = 110
"""Of a chart at the top of a page, so that what follows it is seen too."""


def show_days(
    period: Period, only: Only, *, by: Group, running_day: date, is_low: bool = False
) -> None:
    """Nothing where there are no calls."""
    with failures_shown("days"):
        usage = api().usage(period, by, only=only)
        if not usage.data:
            return
        charges = daily_charges(
            api().usage(period, "day", by, only=only).data,
            by=by,
            days=period.days(up_to=running_day),
            today=running_day,
            currency=usage.currency,
        )
        with st.container(border=True):
            event = st.altair_chart(
                daily_chart(
                    charges,
                    about=chart_about(usage, *words_of(only)),
                    height_px=LOW_PX if is_low else CHART_HEIGHT_PX,
                ),
                alt=f"Charge per day, stacked by {by}",
                on_select="rerun",
                # What a click selected belongs to the view before.
                key=f"daily-{by}-{only.model}-{only.cost_centre}-{all_groups()}",
            )
        group = clicked_group(event)
        if group and (target := narrowed(by, group)):
            kept = address.read(Parameter.BY)
            address.go_to({**target, **({Parameter.BY: kept} if kept else {})})
