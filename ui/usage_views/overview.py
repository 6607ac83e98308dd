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
from ui.filters.chosen import chosen, show_chosen
from ui.format import escape
from ui.page_parts.people.people import show_people
from ui.page_parts.spend.days_chart import show_days
from ui.page_parts.spend.forecast_part import show_month
from ui.page_parts.spend.groups import show_groups
from ui.page_parts.spend.headline import show_sentence
from ui.page_parts.spend.largest_changes import SPLIT_BY_MODEL, show_changes
from ui.parts.choosers import choose, choose_compared, choose_period
from ui.parts.failure import failures_shown
from ui.parts.home import OVERVIEW, way_to_centres
from ui.parts.kpis import show_metering, show_problems, show_scope, show_totals
from ui.parts.no_calls import show_no_calls
from ui.parts.sign_in import scope
from ui.parts.uncharged import (
    show_excluding,
    show_no_usage,
    show_pending,
    show_uncharged_badges,
    show_unpriced,
)
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


@st.fragment(run_every=REFRESH_S)
def show_usage(period: Period, compared: Period, only: Only, *, running_day: date) -> None:
    """The sentence and the totals; says so when there is nothing to show."""
    with failures_shown("usage"):
        redraw_after_midnight(running_day)
        # The same question as that of the month's chart, so that both share one answer.
        usage = api().usage(period, "day", "model", only=only)
        if usage.totals.calls:
            show_sentence(usage, api().usage(compared, "day", only=only), running_day)
        metering = api().metering() if api().me().may(Permission.BILLING) else None
        with st.container(horizontal=True, vertical_alignment="center"):
            show_scope(usage, today=running_day, now=now())
            show_uncharged_badges(usage.totals)
            if metering:
                show_metering(metering, now=now())
        if metering:
            show_problems(metering)
        if usage.totals.calls:
            show_totals(usage, today=running_day)
        else:
            show_no_calls(usage, today=running_day)


def show_costs(period: Period, compared: Period, only: Only, *, by: Group) -> None:
    """Cost by what was chosen, and below it what no charge includes."""
    with failures_shown("costs"):
        usage = api().usage(period, by, only=only)
        if usage.data:
            show_groups(usage, api().usage(compared, by, only=only), by=by)
    with failures_shown("uncharged"):
        show_uncharged(api().usage(period, "day", "model", only=only), period, only)


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
        return escape(only.cost_centre or NAMELESS["cost_centre"].capitalize())
    return escape(only.model) if only.model else OVERVIEW


def draw_way_back(only: Only) -> None:
    """Of a page that is about a part."""
    kept = address.kept_range()
    if only.cost_centre is not None:
        address.breadcrumbs(way_to_centres(kept))
    elif only.model:
        address.breadcrumbs([address.Link(label=OVERVIEW, parameters=kept)])


def draw_overview() -> None:
    only, me = chosen(), api().me()
    draw_way_back(only)
    if not me.may(Permission.BILLING):
        st.caption(f"You see {scope(me)}.")
    current = today(api().health())
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.title(title_of(only), anchor=False, width="content")
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
    """How much, what changed, and the days next to that; then by what was chosen, then by whom."""
    by = STACKS.get(address.read(Parameter.BY) or "", DEFAULT_STACK)
    refreshed_s = None if by in READ_CALL_BY_CALL else REFRESH_S
    changes = st.fragment(show_changes, run_every=refreshed_s)
    days = st.fragment(show_days, run_every=refreshed_s)
    costs = st.fragment(show_costs, run_every=refreshed_s)
    is_running_month = period == month_of(running_day)
    show_usage(period, compared, only, running_day=running_day)
    # The changes come first, so that they are above the chart on a telephone.
    left, right = st.columns([2, 3])
    with left:
        changes(period, compared, only, by=by)
    with right:
        if is_running_month:
            show_month(period, only, running_day=running_day)
        else:
            days(period, only, by=by, running_day=running_day, is_low=True)
    choose("Cost by", Parameter.BY, options=STACKS)
    costs(period, compared, only, by=by)
    if is_running_month:
        days(period, only, by=by, running_day=running_day)
    st.header("People and applications")
    show_people(period, compared, only)
