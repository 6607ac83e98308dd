"""The charge per day as stacked bars. A click on a bar narrows the page to its group."""

from datetime import date

import streamlit as st

from ui import address
from ui.filters.chosen import all_groups, narrowed, words_of
from ui.page_parts.spend.costs import Costs
from ui.page_parts.spend.groups import own_groups
from ui.parts.charts import (
    CHART_HEIGHT_PX,
    chart_about,
    clicked_group,
    daily_charges,
    daily_chart,
    others_words,
)

LOW_PX = 110
"""Of a chart at the top of a page, so that what follows it is seen too."""


def draw_days(costs: Costs, running_day: date, *, is_low: bool = False) -> None:
    """A bar for each day up to the running one."""
    usage, only, by = costs.by_day, costs.only, costs.by
    charges = daily_charges(
        usage.data,
        by=by,
        days=usage.period.days(up_to=running_day),
        today=running_day,
        currency=usage.currency,
        own=own_groups(costs.now, costs.then, by=by),
    )
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
    if all_groups() and (said := others_words(charges, "group")):
        st.caption(said)
    group = clicked_group(event)
    if group and (target := narrowed(by, group)):
        address.go_to(target)
