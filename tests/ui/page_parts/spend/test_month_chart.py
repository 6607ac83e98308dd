"""The chart of a month has a place for a budget, which nobody sets yet."""

from datetime import date
from decimal import Decimal
from typing import Any

from ui.page_parts.spend.month_chart import MonthCharges, month_chart
from ui.period import month_of

TODAY = date(2026, 11, 3)


def layers(budget: Decimal | None) -> list[dict[str, Any]]:
    shown = MonthCharges(
        charges={TODAY: Decimal(7)},
        month=month_of(TODAY),
        today=TODAY,
        currency="USD",
        budget=budget,
    )
    chart = month_chart(shown).to_dict()
    return [{**layer, "rows": chart["datasets"][layer["data"]["name"]]} for layer in chart["layer"]]


def test_a_budget_is_a_rule_across_the_chart_on_the_axis_of_the_charges() -> None:
    *_, rule = layers(Decimal(500))
    assert rule["mark"]["type"] == "rule"
    assert "x" not in rule["encoding"]
    assert rule["encoding"]["y"]["axis"]["title"] == "Charge (USD)"
    assert rule["rows"] == [{"budget": 500.0, "label": "budget"}]


def test_without_a_budget_nothing_is_drawn_for_one() -> None:
    assert [layer["mark"]["type"] for layer in layers(None)] == ["area", "line"]
