"""Cost by model or cost centre with its change, and what changed most."""

from decimal import Decimal

import streamlit as st

from ui.api.client import Group
from ui.api.usage_answers import Usage
from ui.figures.comparison import percent_change
from ui.figures.movers import Mover, movers
from ui.format import amount, days, escape
from ui.parts.charts import GROUPS_MAX, OTHERS, group_name
from ui.parts.tables import Column, charge_column, count_column, plain_table, text_column

MOVERS_SHOWN_MAX = 5


def show_groups(now: Usage, then: Usage, *, by: Group) -> None:
    """The dearest groups, all others in one row, and next to them the largest changes."""
    newer = [(group_name(row, by), row) for row in now.data]
    older = [(group_name(row, by), row) for row in then.data]
    moved = movers(newer, older)
    left, right = st.columns(2)
    with left:
        plain_table(
            _columns(now, then, by=by), alt=f"Charge by {by}, and its change to the days before"
        )
    with right:
        than = escape(days(then.first, then.period.last))
        st.markdown(f"**What changed most**, compared with {than}")
        if not moved:
            st.caption("No charge changed.")
        lines = [_line(each, currency=now.currency) for each in moved[:MOVERS_SHOWN_MAX]]
        st.markdown("\n".join(lines))


def _line(mover: Mover, *, currency: str) -> str:
    sign = "+" if mover.change > 0 else "−"
    change = f"{sign}{amount(abs(mover.change), currency)}"
    return f"- **{escape(mover.name)}** {change} ({mover.reason})"


def _columns(now: Usage, then: Usage, *, by: Group) -> dict[str, Column]:
    charges: dict[str, Decimal | None] = {group_name(row, by): row.charge for row in now.data}
    calls = {group_name(row, by): row.calls for row in now.data}
    unpriced = {group_name(row, by): row.unpriced_calls for row in now.data}
    earlier = {group_name(row, by): row.charge or Decimal(0) for row in then.data}
    ranked = sorted(charges, key=lambda name: (-(charges[name] or 0), name))
    shown = ranked if len(ranked) <= GROUPS_MAX + 1 else ranked[:GROUPS_MAX]
    rest = ranked[len(shown) :]
    if rest:
        charges[OTHERS] = sum((charges[name] or Decimal(0) for name in rest), Decimal(0))
        calls[OTHERS] = sum(calls[name] for name in rest)
        unpriced[OTHERS] = sum(unpriced[name] for name in rest)
        gone = [name for name in earlier if name not in shown]
        earlier[OTHERS] = sum((earlier[name] for name in gone), Decimal(0))
        shown = [*shown, OTHERS]
    changes = [_change(charges[name], earlier.get(name, Decimal(0))) for name in shown]
    return {
        by.replace("_", " ").capitalize(): text_column(shown),
        f"Charge ({now.currency})": charge_column([charges[name] for name in shown]),
        "Change": text_column(changes),
        "Calls": count_column([calls[name] for name in shown]),
        "Unpriced calls": count_column([unpriced[name] for name in shown]),
    }


def _change(now: Decimal | None, then: Decimal) -> str:
    """A group without a charge has calls without a price: nobody knows how it changed."""
    return "—" if now is None else percent_change(now, then)
