"""The list of cost centres: those of the charge day, and usage without one always last."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import streamlit as st

from ui.api.connection import REFRESH_S, api, now, redraw_after_midnight
from ui.api.usage_answers import Usage, UsageRow
from ui.export.buttons import Extent, show_exports
from ui.figures.comparison import change_of, per_day, share_of
from ui.figures.group_names import NAMELESS, group_name
from ui.filters.chosen import narrowed
from ui.page_parts.spend.headline import show_sentence
from ui.parts.failure import failures_shown
from ui.parts.kpis import show_scope
from ui.parts.tables import (
    Column,
    change_column,
    charge_column,
    count_column,
    day_column,
    linked_rows,
    share_column,
    text_column,
)
from ui.parts.uncharged import lacking_words
from ui.period import Period
from ui.rows.row_order import keep_order

NOBODYS = NAMELESS["cost_centre"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Centre:
    """One cost centre in the range; `row` is None where it has no calls."""

    name: str
    row: UsageRow | None
    earlier: Decimal | None
    """The charge of the days it is compared with; None where nobody knows it."""
    days: Sequence[date]
    """The days with a call, in order."""

    @property
    def charge(self) -> Decimal | None:
        return self.row.charge if self.row else Decimal(0)


def centres_of(now: Usage, by_day: Usage, then: Usage) -> list[Centre]:
    """The dearest first, usage without a cost centre last, also where there is none of it."""
    rows = {group_name(row, "cost_centre"): row for row in now.data}
    earlier = {group_name(row, "cost_centre"): row.charge for row in then.data}
    active: dict[str, list[date]] = defaultdict(list)
    for row in by_day.data:
        if row.day is not None and row.calls:
            active[group_name(row, "cost_centre")].append(row.day)
    found = [
        Centre(
            name=name,
            row=rows.get(name),
            earlier=earlier.get(name, Decimal(0)),
            days=sorted(active[name]),
        )
        for name in {**rows, **earlier, NOBODYS: None}
    ]
    return sorted(found, key=lambda each: (each.name == NOBODYS, -(each.charge or 0), each.name))


@st.fragment(run_every=REFRESH_S)
def show_centres(period: Period, compared: Period, running_day: date) -> None:
    """All of them; a row opens the overview of one."""
    keep_order("centres")
    with failures_shown("centres", is_live=True):
        redraw_after_midnight(running_day)
        usage = api().usage(period, "cost_centre")
        then = api().usage(compared, "cost_centre")
        show_sentence(usage, then, running_day)
        show_scope(usage, today=running_day, now=now())
        if lacking := lacking_words(usage.totals):
            st.caption(lacking.strip())
        centres = centres_of(usage, api().usage(period, "cost_centre", "day"), then)
        columns = centre_columns(centres, usage)
        names = [each.name for each in centres]
        links = [narrowed("cost_centre", name) for name in names]
        shown = linked_rows(
            "centres",
            names,
            links=links,
            columns=columns,
            alt="Cost centres with their charge",
            sortable=len(names) - 1 or None,  # the last is usage without one
        )
        show_exports("cost centres", shown, usage, extent=Extent(compared=compared))


def centre_columns(centres: Sequence[Centre], usage: Usage) -> dict[str, Column]:
    whole, currency = usage.totals.charge, usage.currency
    return {
        "Cost centre": text_column([each.name for each in centres]),
        f"Charge ({currency})": charge_column([each.charge for each in centres]),
        f"Change ({currency})": change_column(
            [change_of(each.charge, each.earlier) for each in centres]
        ),
        "Share": share_column([share_of(each.charge, whole) for each in centres]),
        "First active": day_column([min(each.days, default=None) for each in centres]),
        "Last active": day_column([max(each.days, default=None) for each in centres]),
        f"{currency} per active day": charge_column(
            [per_day(each.charge, len(each.days)) for each in centres]
        ),
        "Calls": count_column([each.row.calls if each.row else 0 for each in centres]),
        "Unpriced calls": count_column(
            [each.row.unpriced_calls if each.row else 0 for each in centres]
        ),
    }
