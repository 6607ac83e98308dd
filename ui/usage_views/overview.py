"""Overview: what all subjects cost in a range of days, or those of one model or cost centre."""

from collections.abc import Callable, Mapping
from datetime import date

import streamlit as st

from ui import address
from ui.address import Parameter
from ui.api.client import ALL, Client, Group, Only
from ui.api.connection import (
    REFRESH_S,
    api,
    asked_ahead,
    now,
    redraw_after_midnight,
    today,
)
from ui.api.me_answer import Permission
from ui.api.usage_answers import Usage
from ui.figures.group_names import NAMELESS
from ui.filters.chosen import chosen, narrowed, show_chosen, words_of
from ui.format import escape
from ui.page_parts.people.people import show_people
from ui.page_parts.spend.forecast_part import show_forecast
from ui.page_parts.spend.groups import show_groups
from ui.page_parts.spend.headline import show_sentence
from ui.parts.charts import (
    chart_about,
    clicked_group,
    daily_charges,
    daily_chart,
)
from ui.parts.choosers import choose, choose_compared, choose_period
from ui.parts.failure import failures_shown
from ui.parts.home import OVERVIEW, way_to_centres
from ui.parts.kpis import show_metering, show_scope, show_totals
from ui.parts.no_calls import show_no_calls
from ui.parts.sign_in import scope
from ui.parts.uncharged import show_excluding, show_no_usage, show_pending, show_unpriced
from ui.period import DAY, Period, month_of
from ui.saved_views.component import show_saved_views

STACKS: Mapping[str, Group] = {
    "Model": "model",
    "Cost centre": "cost_centre",
    "Product": "product",
    "API": "api",
}
DEFAULT_STACK: Group = "model"
READ_CALL_BY_CALL = ("product", "api")
"""Daily totals do not tell these apart: such a list is read once, and not again by itself."""
SPLIT_BY_MODEL: Group = "cost_centre"
"""Groups whose reasons of change need their models; one more question for each of two periods."""
SPLIT_GROUPS_MAX = 400
"""Of both periods together. An answer with the models of more groups may be refused as too long."""


@st.fragment(run_every=REFRESH_S)
def show_usage(period: Period, compared: Period, only: Only, *, running_day: date) -> None:
    """Totals and the forecast; says so when there is nothing to show."""
    with failures_shown("usage"):
        redraw_after_midnight(running_day)
        # The same question as that of the chart below, so that both share one answer.
        usage = api().usage(period, "day", "model", only=only)
        if usage.totals.calls:
            show_sentence(usage, api().usage(compared, "day", only=only), running_day)
        show_scope(usage, today=running_day, now=now())
        if api().me().may(Permission.BILLING):
            show_metering(api().metering(), now=now())
        if not usage.totals.calls:
            show_no_calls(usage, today=running_day)
            return
        show_totals(usage, today=running_day)
        show_forecast(usage, running_day, only)
        show_uncharged(usage, period, only)


def show_uncharged(usage: Usage, period: Period, only: Only) -> None:
    totals = usage.totals
    if totals.unpriced_calls:
        show_unpriced(api().usage(period, "model", only=only))
    if totals.no_usage_calls:
        show_no_usage(totals.no_usage_calls, totals.failed_calls)
    if totals.pending_calls:
        show_pending(totals.pending_calls)
    if totals.excluding_calls:
        show_excluding(totals.excluding_calls)


def show_costs(
    period: Period, compared: Period, only: Only, *, by: Group, running_day: date
) -> None:
    """Cost by what was chosen, as a list and as bars per day. A click on a bar narrows the page."""
    with failures_shown("costs"):
        usage = api().usage(period, by, only=only)
        if not usage.data:
            return
        then = api().usage(compared, by, only=only)
        by_model = None
        if by == SPLIT_BY_MODEL and len(usage.data) + len(then.data) <= SPLIT_GROUPS_MAX:
            by_model = (
                api().usage(period, by, "model", only=only),
                api().usage(compared, by, "model", only=only),
            )
        show_groups(usage, then, by=by, by_model=by_model)
        charges = daily_charges(
            api().usage(period, "day", by, only=only).data,
            by=by,
            days=period.days(up_to=running_day),
            today=running_day,
            currency=usage.currency,
        )
        event = st.altair_chart(
            daily_chart(charges, about=chart_about(usage, *words_of(only))),
            alt=f"Charge per day, stacked by {by}",
            on_select="rerun",
            key=f"daily-{by}-{only.model}-{only.cost_centre}",
        )
        group = clicked_group(event)
        if group and (target := narrowed(by, group)):
            address.go_to({**target, Parameter.BY: address.read(Parameter.BY) or ""})


def draw_head(only: Only) -> None:
    """What the page is about, and the way back where it is about a part."""
    kept = address.kept_range()
    if only.cost_centre is not None:
        address.breadcrumbs(way_to_centres(kept))
        name = only.cost_centre or NAMELESS["cost_centre"].capitalize()
    elif only.model:
        address.breadcrumbs([address.Link(label=OVERVIEW, parameters=kept)])
        name = only.model
    else:
        st.title(OVERVIEW)
        return
    st.title(escape(name), anchor=False)


def draw_overview() -> None:
    only, me = chosen(), api().me()
    draw_head(only)
    if not me.may(Permission.BILLING):
        st.caption(f"You see {scope(me)}.")
    current = today(api().health())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        period = choose_period(current)
        compared = choose_compared(period, current)
        show_saved_views()
    show_chosen()
    with asked_ahead(*questions_of(period, compared, only, running_day=current)):
        if only != ALL:  # a filter that nobody has is said once, not by each part
            api().usage(period, "day", "model", only=only)
        draw_parts(period, compared, only, running_day=current)


def questions_of(
    period: Period, compared: Period, only: Only, *, running_day: date
) -> list[Callable[[Client], object]]:
    """What the parts ask wherever there are calls, in the order in which they are drawn."""
    by = STACKS.get(address.read(Parameter.BY) or "", DEFAULT_STACK)
    asked: list[Callable[[Client], object]] = [
        lambda client: client.usage(period, "day", "model", only=only),
        lambda client: client.usage(compared, "day", only=only),
        lambda client: client.usage(period, by, only=only),
        lambda client: client.usage(compared, by, only=only),
    ]
    if by == SPLIT_BY_MODEL:
        asked.append(lambda client: client.usage(period, by, "model", only=only))
        asked.append(lambda client: client.usage(compared, by, "model", only=only))
    if api().me().may(Permission.BILLING):
        asked.append(lambda client: client.metering())
    if period == month_of(running_day):
        before = month_of(period.first - DAY)
        asked.append(lambda client: client.usage(before, "day", only=only))
    return asked


def draw_parts(period: Period, compared: Period, only: Only, *, running_day: date) -> None:
    show_usage(period, compared, only, running_day=running_day)
    by = choose("Cost by", Parameter.BY, options=STACKS)
    refreshed_s = None if by in READ_CALL_BY_CALL else REFRESH_S
    costs = st.fragment(show_costs, run_every=refreshed_s)
    costs(period, compared, only, by=by, running_day=running_day)
    st.header("People and applications")
    show_people(period, compared, only)
