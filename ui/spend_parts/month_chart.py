"""The charge of a month as it adds up, next to the month before, with its forecast."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import altair as alt

from ui.figures.forecast import Forecast
from ui.format import amount
from ui.period import DAY, Period

HEIGHT_PX = 240
THIS, BEFORE, EXPECTED = "this month", "month before", "forecast"
Point = dict[str, int | float | str]


def month_chart(
    charges: Mapping[date, Decimal],
    *,
    month: Period,
    earlier: Period,
    found: Forecast | None,
    today: date,
    currency: str,
) -> alt.LayerChart:
    """Lines by day of the month; the forecast is dashed, and its band is pale."""
    lines = [
        *_added_up(charges, BEFORE, days=earlier.days(up_to=earlier.last), currency=currency),
        *_added_up(charges, THIS, days=month.days(up_to=today), currency=currency),
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
                legend=alt.Legend(title=None, orient="top"),
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
    return alt.LayerChart(layer=[shade, drawn], height=HEIGHT_PX)


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


def history_of(month: Period, *, today: date) -> Period:
    """The days that the chart and the forecast are made from: the month before, and this one."""
    earlier = (month.first - DAY).replace(day=1)
    return Period(first=earlier, until=min(month.until, today + DAY))
