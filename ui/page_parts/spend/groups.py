"""Cost by model, cost centre, product or API, with its change."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

import streamlit as st

from ui.api.client import Group
from ui.api.usage_answers import Usage, UsageRow
from ui.export.buttons import Extent, show_exports
from ui.figures.comparison import change_of, share_of
from ui.figures.group_names import NAMELESS, OTHERS, group_name
from ui.filters.chosen import (
    FILTERS,
    all_groups,
    narrowed,
    show_way_to_few,
    unknown_groups,
)
from ui.format import counted, escape, instant
from ui.page_parts.spend.costs import Costs
from ui.parts.charts import GROUPS_MAX
from ui.parts.tables import (
    Column,
    change_column,
    charge_column,
    count_column,
    linked_rows,
    share_column,
    text_column,
)
from ui.parts.unknown_word import say_unknown
from ui.rows.row_order import GROUPS_LIST

TITLES: Mapping[Group, str] = {
    "model": "Model",
    "cost_centre": "Cost centre",
    "product": "Product",
    "api": "API",
}
ALWAYS_SHOWN = ("cost_centre", "product")
"""Usage without one of these is unattributed: its row is there also where it is empty."""


def show_groups(costs: Costs) -> None:
    """The dearest groups and all others in one row, or every group where the address says so."""
    now, then, by = costs.now, costs.then, costs.by
    names, columns = group_columns(
        now,
        then,
        by=by,
        is_whole=all_groups(),
        of_one=by == "cost_centre" and costs.only.cost_centre is not None,
    )
    shown = linked_rows(
        GROUPS_LIST,
        names,
        links=[narrowed(by, name) for name in names],
        columns=columns,
        alt=f"Charge by {TITLES[by]}, and its change to the days before",
        sortable=sum(name not in (OTHERS, NAMELESS[by]) for name in names) or None,
    )
    show_way_to_few()
    say_unknown("Groups", unknown_groups(), "the list of the dearest")
    show_unpriced_line(now)
    extent = Extent(
        narrowed_by=tuple(FILTERS.values()),
        compared=then.period,
        rows=rows_words(names, all_count=len(ranked_groups(now, then, by=by)), by=by),
    )
    show_exports(f"cost by {TITLES[by]}", shown, now, extent=extent)


def show_read_at(costs: Costs, running_day: date) -> None:
    """A list that is not read again says so while its days grow: the totals above it go on."""
    if costs.read_at is not None and costs.now.first <= running_day < costs.now.until:
        at = escape(instant(costs.read_at, costs.now.zone))
        st.caption(
            f"Read call by call, {at}, and not again by itself: later calls are in the totals "
            "above alone. Load the page again to have them here too."
        )


def rows_words(names: Sequence[str], *, all_count: int, by: Group) -> str | None:
    """Which groups of so many a list has a row for; None where it has one for each."""
    if OTHERS not in names:
        return None
    nameless = NAMELESS[by]
    own = len(names) - 1 - (nameless in names)
    ending = f", and {nameless}" if nameless in names else ""
    return f"{counted(own, 'group')}, {all_count - own:,} more in {OTHERS}{ending}"


def show_unpriced_line(usage: Usage) -> None:
    """What no charge above includes is said also where there is nothing of it."""
    count = usage.totals.unpriced_calls
    said = f"{counted(count, 'call')} without a price, in no charge" if count else ""
    st.caption(f"Unpriced: {said or 'none, every call that can have a price has one'}.")


def ranked_groups(now: Usage, then: Usage, *, by: Group) -> list[str]:
    """The names of groups that are in either period, the dearest first; not usage of nobody."""
    charges = {group_name(row, by): row.charge or Decimal(0) for row in now.data}
    earlier = {group_name(row, by): row.charge or Decimal(0) for row in then.data}
    return sorted(
        {*charges, *earlier} - {NAMELESS[by]},
        key=lambda name: (-charges.get(name, 0), -earlier.get(name, 0), name),
    )


def own_groups(now: Usage, then: Usage, *, by: Group) -> list[str]:
    """The names with a row, and in the chart a colour, of their own: all but those in "Others".

    Usage of nobody has one of the colours where it has a charge.
    """
    ranked, nameless = ranked_groups(now, then, by=by), NAMELESS[by]
    is_charged = any(row.charge for row in now.data if group_name(row, by) == nameless)
    most = GROUPS_MAX - is_charged
    return [*(ranked if len(ranked) <= most + 1 else ranked[:most]), nameless]


def group_columns(
    now: Usage, then: Usage, *, by: Group, is_whole: bool = False, of_one: bool = False
) -> tuple[list[str], dict[str, Column]]:
    """The names in their order, and the columns: the dearest, "Others", usage of nobody last. A
    list that `is_whole` has a row for each of the others. One that is `of_one` group knows nothing
    of usage of nobody.

    Groups without calls any more have a row too, so that the changes add up to that of the whole.
    """
    rows = {group_name(row, by): [row] for row in now.data}
    earlier = {group_name(row, by): row.charge for row in then.data}
    nameless, ranked = NAMELESS[by], ranked_groups(now, then, by=by)
    shown = ranked if is_whole else own_groups(now, then, by=by)[:-1]
    lines = [(name, rows.get(name, []), _then(earlier, [name])) for name in shown]
    if rest := ranked[len(shown) :]:
        of_rest = [row for name in rest for row in rows.get(name, [])]
        lines.append((OTHERS, of_rest, _then(earlier, rest)))
    if nameless in rows or nameless in earlier or (by in ALWAYS_SHOWN and not of_one):
        lines.append((nameless, rows.get(nameless, []), _then(earlier, [nameless])))
    charges = [_charge(of_line) for _, of_line, _ in lines]
    names = [name for name, _, _ in lines]
    return names, {
        TITLES[by]: text_column(names),
        f"Charge ({now.currency})": charge_column(charges),
        f"Change ({now.currency})": change_column(
            [
                change_of(charge, before)
                for charge, (_, _, before) in zip(charges, lines, strict=True)
            ]
        ),
        "Share": share_column([share_of(charge, now.totals.charge) for charge in charges]),
        "Calls": count_column([sum(row.calls for row in of_line) for _, of_line, _ in lines]),
        "Unpriced calls": count_column(
            [sum(row.unpriced_calls for row in of_line) for _, of_line, _ in lines]
        ),
    }


def _charge(rows: list[UsageRow]) -> Decimal | None:
    """None where there are calls and none of them has a cost."""
    known = [row.charge for row in rows if row.charge is not None]
    return sum(known, Decimal(0)) if known or not rows else None


def _then(earlier: Mapping[str, Decimal | None], names: list[str]) -> Decimal | None:
    """The charge of the compared days; None where calls of one group alone have no cost."""
    found = [earlier.get(name, Decimal(0)) for name in names]
    return None if found == [None] else sum((each or Decimal(0) for each in found), Decimal(0))
