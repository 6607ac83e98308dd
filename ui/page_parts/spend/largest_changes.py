"""What changed most against the days that these are compared with, and why."""

from collections import defaultdict
from collections.abc import Mapping

import streamlit as st

from ui.api.client import Group
from ui.api.usage_answers import Usage, UsageRow
from ui.figures.comparison import percent_change
from ui.figures.group_names import group_name
from ui.figures.movers import Mover, movers
from ui.format import amount, days, escape
from ui.page_parts.spend.costs import Costs

SHOWN_MAX = 5


def draw_changes(costs: Costs) -> None:
    """The groups with the largest changes, the largest first."""
    now, then, by = costs.now, costs.then, costs.by
    models = [_models(each, by) for each in costs.by_model or ()]
    moved = movers(
        [(group_name(row, by), row) for row in now.data],
        [(group_name(row, by), row) for row in then.data],
        models=(models[0], models[1]) if models else None,
    )
    than = escape(days(then.first, then.period.last))
    st.markdown(f"**What changed most**, compared with {than}")
    if not moved:
        is_unpriced = now.totals.charge is None and now.totals.unpriced_calls
        st.caption("These calls have no price." if is_unpriced else "No charge changed.")
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
