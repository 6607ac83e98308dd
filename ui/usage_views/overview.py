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
from ui.filters.chosen import chosen, show_chosen
from ui.format import escape
from ui.page_parts.people.people import people_asked, show_people
from ui.page_parts.spend.costs import SPLIT_BY_MODEL, costs_of, costs_read_once, forget_costs
from ui.page_parts.spend.days_chart import draw_days
from ui.page_parts.spend.forecast_part import show_forecast
from ui.page_parts.spend.groups import show_groups, show_read_at
from ui.page_parts.spend.headline import show_sentence
from ui.page_parts.spend.largest_changes import draw_changes
from ui.parts.choosers import choose, choose_compared, choose_period
from ui.parts.failure import failures_shown
from ui.parts.home import OVERVIEW, way_to_centres
from ui.parts.kpis import show_metering, show_problems, show_scope, show_totals
from ui.parts.no_calls import show_no_calls
from ui.parts.sign_in import show_part_seen
from ui.parts.uncharged import (
    show_excluding,
    show_no_usage,
    show_pending,
    show_uncharged_badges,
    show_unpriced,
)
from ui.period import DAY, Period, month_of
from ui.rows.row_order import GROUPS_LIST, keep_order
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


@st.fragment(run_every=REFRESH_S)
def show_usage(period: Period, compared: Period, only: Only, *, running_day: date) -> None:
    """The sentence and the totals; says so when there is nothing to show. What is gone has a
    sentence too.
    """
    with failures_shown("usage", is_live=True):
        redraw_after_midnight(running_day)
        # The same question as that of the month's chart, so that both share one answer.
        usage = api().usage(period, "day", "model", only=only)
        earlier = api().usage(compared, "day", only=only)
        if usage.totals.calls or earlier.totals.calls:
            show_sentence(usage, earlier, running_day)
        metering = api().metering() if api().me().may(Permission.BILLING) else None
        with st.container(horizontal=True, vertical_alignment="center"):
            show_scope(usage, today=running_day, now=now(), only=only)
            show_uncharged_badges(usage.totals)
            if metering:
                show_metering(metering, api().dead_letters(), now=now(), only=only)
        if metering:
            show_problems(metering)
        if usage.totals.calls:
            show_totals(usage, today=running_day)
        else:
            show_no_calls(usage, today=running_day, only=only)


@st.fragment(run_every=REFRESH_S)
def show_spend(
    period: Period, compared: Period, only: Only, *, by: Group, running_day: date
) -> None:
    """What changed, the month, cost by what was chosen, and what no charge includes."""
    if chosen_stack() != by:
        st.rerun()  # the chooser is in this part, but the whole page depends on it
    # The changes come first, so that they are above the chart on a telephone.
    left, right = st.columns([2, 3])
    choose("Cost by", Parameter.BY, options=STACKS)
    is_running_month = period == month_of(running_day)
    usage = costs = None
    keep_order(GROUPS_LIST)
    with failures_shown("spend", is_live=True):
        usage = api().usage(period, "day", "model", only=only)
        if is_running_month and usage.totals.calls:
            with right.container(border=True):
                show_forecast(usage, running_day, only)
        read = costs_read_once if by in READ_CALL_BY_CALL else costs_of
        if costs := read(period, compared, only, by=by):
            with left.container(border=True):
                draw_changes(costs)
            if not is_running_month and costs.now.data:
                with right.container(border=True):
                    draw_days(costs, running_day, is_low=True)
            show_groups(costs)
            show_read_at(costs, running_day)
    if usage:
        with failures_shown("uncharged", is_live=True):
            show_uncharged(usage, period, only)
    if costs and is_running_month and costs.now.data:
        draw_days(costs, running_day)


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


def title_of(only: Only) -> str:
    """What the page is about."""
    if only.cost_centre is not None:
        return escape(only.cost_centre) or "Without a cost centre"
    return escape(only.model) if only.model else OVERVIEW


def draw_way_back(only: Only) -> None:
    """Of a page that is about a part."""
    kept = address.kept_range()
    if only.cost_centre is not None:
        address.breadcrumbs(way_to_centres(kept))
    elif only.model:
        address.breadcrumbs([address.Link(label=OVERVIEW, parameters=kept)])


def draw_overview() -> None:
    only = chosen()
    draw_way_back(only)
    show_part_seen(api().me())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title(title_of(only), anchor=False, width="content")
        current = today(api().health())
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
    by, listed = chosen_stack(), people_asked(period, compared, only)
    asked: list[Callable[[Client], object]] = [
        lambda client: client.usage(period, "day", "model", only=only),
        lambda client: client.usage(compared, "day", only=only),
        lambda client: client.usage(period, by, only=only),
        lambda client: client.usage(compared, by, only=only),
        listed,
    ]
    if by != "model":
        asked.append(lambda client: client.usage(period, "day", by, only=only))
    if by == SPLIT_BY_MODEL:
        asked.append(lambda client: client.usage(period, by, "model", only=only))
        asked.append(lambda client: client.usage(compared, by, "model", only=only))
    if api().me().may(Permission.BILLING):
        asked += [lambda client: client.metering(), lambda client: client.dead_letters()]
    if period == month_of(running_day):
        before = month_of(period.first - DAY)
        asked.append(lambda client: client.usage(before, "day", only=only))
    return asked


def chosen_stack() -> Group:
    """What cost is listed by."""
    return STACKS.get(address.read(Parameter.BY) or "", DEFAULT_STACK)


def draw_parts(period: Period, compared: Period, only: Only, *, running_day: date) -> None:
    """How much; what changed, and by what; by whom."""
    show_usage(period, compared, only, running_day=running_day)
    forget_costs()
    show_spend(period, compared, only, by=chosen_stack(), running_day=running_day)
    st.header("People and applications")
    show_people(period, compared, only, running_day=running_day)
