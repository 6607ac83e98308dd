"""What changed most against the days that these are compared with, and why."""

from collections import defaultdict
from collections.abc import Mapping

import streamlit as st

from ui.api.client import Group, Only
from ui.api.connection import api
from ui.api.usage_answers import Usage, UsageRow
from ui.figures.comparison import percent_change
from ui.figures.group_names import group_name
from ui.figures.movers import Mover, movers
from ui.format import amount, days, escape
from ui.parts.failure import failures_shown
from ui.period import Period

SHOWN_MAX = 5
SPLIT_BY_MODEL: Group = "cost_centre"
"""Groups whose reasons of change need their models; one more question for each of two periods."""
SPLIT_GROUPS_MAX = 400
"""Of both periods together. An answer with the models of more groups may be refused as too long."""


def show_changes(period: Period, compared: Period, only: Only, *, by: Group) -> None:
    """The groups with the largest changes; nothing where there are no calls."""
    with failures_shown("changes"):
        now = api().usage(period, by, only=only)
        if not now.data:
            return
        then = api().usage(compared, by, only=only)
        by_model = None
        if by == SPLIT_BY_MODEL and len(now.data) + len(then.data) <= SPLIT_GROUPS_MAX:
            by_model = (
                api().usage(period, by, "model", only=only),
                api().usage(compared, by, "model", only=only),
            )
        with st.container(border=True):
            draw_changes(now, then, by=by, by_model=by_model)


def draw_changes(
    now: Usage, then: Usage, *, by: Group, by_model: tuple[Usage, Usage] | None = None
) -> None:
    """`by_model` is the same, now and then, by group and model: it says more about the reasons."""
    moved = movers(
        [(group_name(row, by), row) for row in now.data],
        [(group_name(row, by), row) for row in then.data],
        models=(_models(by_model[0], by), _models(by_model[1], by)) if by_model else None,
    )
    than = escape(days(then.first, then.period.last))
    st.markdown(f"**What changed most**, compared with {than}")
    if not moved:
        st.caption("No charge changed.")
        return
    st.markdown("\n".join(_line(each, currency=now.currency) for each in moved[:SHOWN_MAX]))


def _line(mover: Mover, *, currency: str) -> str:
    sign = "+" if mover.change > 0 else "−"
    change = f"{sign}{amount(abs(mover.change), currency)}"
    if mover.then:
        change += f", {percent_change(mover.now, mover.then)}"
    why = f" ({mover.reason})" if mover.reason else ""
    return f"- **{escape(mover.name)}** {change}{why}"


def _models(usage: Usage, by: Group) -> Mapping[str, list[UsageRow]]:
    """The rows of each group's models."""
    found: dict[str, list[UsageRow]] = defaultdict(list)
    for row in usage.data:
        found[group_name(row, by)].append(row)
    return found
