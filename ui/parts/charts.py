"""Charge per day as a stacked bar chart. Owns the shape of its marks, not the numbers."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import altair as alt

from ui.api.client import Group
from ui.api.usage_answers import Head, SubjectUsage, UsageRow
from ui.figures.group_names import OTHERS, group_name
from ui.format import among_others, amount, counted, days
from ui.format import day as day_text

GROUPS_MAX = 9
"""This many groups get a colour of their own; the rest is one group, "Others"."""
LEGEND_COLUMNS = alt.ExprRef("max(1, floor(width / 130))")
"""As many as there is room for: a legend in one row is cut off on a telephone."""
MARK = "mark"
"""The name of what a click on a bar selects."""
CHART_HEIGHT_PX = 210
FITTED = alt.AutoSizeParams(type="fit-x", contains="padding")
"""Of every chart: a height is that of its bars alone. Title, legend and axes come on top of it, so
that no long legend leaves a flat chart, and no bar loses its label."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyCharges:
    """What one chart shows: the days of its axis in order, today among them or not."""

    days: Sequence[date]
    today: date
    currency: str
    rows: Sequence[tuple[date, str, Decimal, int]]
    """(day, group, charge, calls), one per mark."""
    groups: Sequence[str]
    """Most expensive first, "Others" last."""
    in_others: int
    """How many groups are in "Others"."""


def daily_charges(
    usage: Sequence[UsageRow],
    *,
    by: Group,
    days: Sequence[date],
    today: date,
    currency: str,
    own: Collection[str] | None = None,
) -> DailyCharges:
    """Stack the charges by day and group; groups without a colour are "Others".

    `own` are the names that are not "Others", where a list says which; without it, the dearest.
    Groups without a charge have no mark; unpriced calls are shown outside the chart.
    """
    charged = [(row, row.charge) for row in usage if row.charge]
    totals: dict[str, Decimal] = defaultdict(Decimal)
    for row, charge in charged:
        totals[group_name(row, by)] += charge
    ranked = sorted(totals, key=lambda group: (-totals[group], group))
    if own is None:
        own = ranked if len(ranked) <= GROUPS_MAX + 1 else ranked[:GROUPS_MAX]
    shown = [group for group in ranked if group in own]
    marks: dict[tuple[date, str], tuple[Decimal, int]] = {}
    for row, charge in charged:
        if row.day is None:
            continue
        group = group_name(row, by)
        mark = (row.day, group if group in shown else OTHERS)
        stacked, calls = marks.get(mark, (Decimal(0), 0))
        marks[mark] = (stacked + charge, calls + row.calls)
    return DailyCharges(
        days=days,
        today=today,
        currency=currency,
        rows=[(*mark, *value) for mark, value in sorted(marks.items())],
        groups=[*shown, *([OTHERS] if len(shown) < len(ranked) else [])],
        in_others=len(ranked) - len(shown),
    )


def others_words(charges: DailyCharges, noun: str) -> str | None:
    """What "Others" of a chart is where the list has a row for each; None where there is none."""
    if not charges.in_others:
        return None
    return (
        f"{OTHERS} in the chart: {counted(charges.in_others, noun)}, each with a row in the list."
    )


def _tick(day: date, charges: DailyCharges) -> str:
    """One name for each day of the axis: with the year where the axis has days of two years."""
    if day == charges.today:
        return "today"
    years = {charges.days[0].year, charges.days[-1].year} if charges.days else set()
    return day_text(day) if len(years) > 1 else f"{day.day} {day:%b}"


def daily_chart(
    charges: DailyCharges, *, about: str = "", height_px: int = CHART_HEIGHT_PX
) -> alt.Chart:
    """Bars per day. Today is paler, because it is not over; every day of the axis is there.

    `about` is its title, so that a picture of it says what it shows. A click selects a group.

    It sets no property by a call, as in `alt.X(...).axis(...)`: Altair keeps what such a call
    belongs to where every thread sees it, and one person's chart would get another's groups.
    """
    marks = [
        {
            "day": _tick(day, charges),
            # A bar's height is a position on screen: the one place where a float is enough.
            "height": float(charge),
            "group": group,
            "order": charges.groups.index(group),
            "partial": day == charges.today,
            "charge": amount(charge, charges.currency),
            "calls": f"{calls:,}",
            "date": day_text(day),
        }
        for day, group, charge, calls in charges.rows
    ]
    ticks = [_tick(day, charges) for day in charges.days]
    chart: alt.Chart = (
        alt.Chart({"values": marks})
        .mark_bar()
        .encode(
            x=alt.X(
                "day:N",
                sort=None,
                scale=alt.Scale(domain=ticks),
                axis=alt.Axis(title=None, labelAngle=0, labelOverlap="greedy", ticks=False),
            ),
            y=alt.Y(
                "height:Q",
                axis=alt.Axis(title=f"Charge per day ({charges.currency})", tickCount=5),
            ),
            color=alt.Color(
                "group:N",
                sort=list(charges.groups),
                legend=alt.Legend(
                    title=None,
                    orient="top",
                    columns=LEGEND_COLUMNS,
                    labelLimit=220,
                    padding=0,
                    titlePadding=0,
                    offset=8,
                ),
            ),
            order=alt.Order("order:Q"),
            opacity=alt.condition("datum.partial", alt.value(0.55), alt.value(1)),
            tooltip=[
                alt.Tooltip("date:N", title="Day"),
                alt.Tooltip("group:N", title="Group"),
                alt.Tooltip("charge:N", title="Charge"),
                alt.Tooltip("calls:N", title="Calls"),
            ],
        )
        .add_params(alt.selection_point(name=MARK, fields=["group"]))
        .properties(height=height_px, title=chart_title(about), autosize=FITTED)
    )
    return chart


def chart_title(about: str) -> alt.TitleParams:
    """What a chart shows, small and at the left."""
    lines = about.split("\n") if "\n" in about else about
    return alt.TitleParams(lines, anchor="start", fontSize=12, fontWeight="normal")


def chart_about(usage: Head, *of: str) -> str:
    """Whose chart it is and what it is narrowed to, and below it days, zone and currency."""
    scope = f"{days(usage.first, usage.period.last)}, days of {usage.zone}, {usage.currency}"
    whose = ", ".join(among_others(each.strip()) for each in of if each)
    return f"{whose}\n{scope}" if whose else scope


def whose(usage: SubjectUsage) -> list[str]:
    """Whose usage it is: their name, and the subject, since two people may have one name."""
    return [usage.name, usage.subject] if usage.name else [usage.subject]


def clicked_group(event: Any) -> str | None:
    """The group whose bar was clicked just now."""
    found = event.get("selection", {}).get(MARK) or []
    return str(found[0]["group"]) if found else None
