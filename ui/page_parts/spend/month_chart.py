"""The charge of a month as it adds up, next to the month before, with its forecast."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import altair as alt

from ui.figures.forecast import Forecast
from ui.format import amount
from ui.parts.charts import FITTED, chart_title
from ui.period import DAY, Period, month_of

HEIGHT_PX = 130
THIS, BEFORE, EXPECTED = "this month", "month before", "forecast"
Point = dict[str, int | float | str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthCharges:
    """What one chart shows."""

    charges: Mapping[date, Decimal]
    month: Period
    today: date
    currency: str
    found: Forecast | None = None
    budget: Decimal | None = None
    """A rule across the chart; nobody sets budgets yet."""


def month_chart(shown: MonthCharges, *, about: str = "") -> alt.LayerChart:
    """Lines by day of the month; the forecast is dashed, its band is pale, and a budget is a rule
    across.
    """
    charges, currency, found, budget = shown.charges, shown.currency, shown.found, shown.budget
    earlier = month_of(shown.month.first - DAY)
    days_before = earlier.days(up_to=earlier.last)
    if not any(day in charges for day in days_before):
        days_before = []  # without a charge there is no line: one at 0 would say that it was free
    lines = [
        *_added_up(charges, BEFORE, days=days_before, currency=currency),
        *_added_up(charges, THIS, days=shown.month.days(up_to=shown.today), currency=currency),
    ]
    band: list[Point] = []
    for day, (low, expected, high) in (found.rest if found else {}).items():
        lines.append(_point(day, expected, line=EXPECTED, currency=currency))
        # Heights are positions on screen: the one place where a float is enough.
        band.append({"day": day.day, "low": float(low), "high": float(high)})
    axis = alt.X(
        "day:Q",
        scale=alt.Scale(domain=[1, 31], nice=False),
        axis=alt.Axis(title="Day of the month", tickMinStep=1, grid=False),
    )
    title = alt.Axis(title=f"Charge ({currency})", tickCount=5)
    shade: alt.Chart = (
        alt.Chart({"values": band})
        .mark_area(opacity=0.2)
        .encode(x=axis, y=alt.Y("low:Q", axis=title), y2="high:Q")
    )
    drawn: alt.Chart = (
        alt.Chart({"values": lines})
        .mark_line(point=True)
        .encode(
            x=axis,
            y=alt.Y("height:Q", axis=title),
            color=alt.Color(
                "line:N",
                scale=alt.Scale(domain=[THIS, BEFORE, EXPECTED]),
                legend=alt.Legend(
                    title=None, orient="top-left", offset=4, rowPadding=0, symbolSize=60
                ),
            ),
            strokeDash=alt.condition(
                f"datum.line == '{EXPECTED}'", alt.value([5, 4]), alt.value([1, 0])
            ),
            tooltip=[
                alt.Tooltip("date:N", title="Up to"),
                alt.Tooltip("line:N", title="Line"),
                alt.Tooltip("charge:N", title="Charge"),
            ],
        )
    )
    layers = [shade, drawn]
    if budget is not None:
        layers.append(_rule(budget, axis=title))
    return alt.LayerChart(layer=layers, height=HEIGHT_PX, title=chart_title(about), autosize=FITTED)


def _rule(budget: Decimal, *, axis: alt.Axis) -> alt.Chart:
    limit: alt.Chart = (
        alt.Chart({"values": [{"budget": float(budget), "label": "budget"}]})
        .mark_rule(strokeDash=[2, 2], strokeWidth=2)
        .encode(y=alt.Y("budget:Q", axis=axis), tooltip=[alt.Tooltip("label:N", title="Line")])
    )
    return limit


def _added_up(
    charges: Mapping[date, Decimal], line: str, *, days: list[date], currency: str
) -> list[Point]:
    total, points = Decimal(0), []
    for day in days:
        total += charges.get(day, Decimal(0))
        points.append(_point(day, total, line=line, currency=currency))
    return points


def _point(day: date, total: Decimal, *, line: str, currency: str) -> Point:
    return {
        "day": day.day,
        "height": float(total),
        "line": line,
        "charge": amount(total, currency),
        "date": f"{day.day} {day:%b}",
    }
