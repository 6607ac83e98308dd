"""What the daily chart stacks."""

import sys
from datetime import date, timedelta
from decimal import Decimal
from threading import Thread

from ui.api.client import Only
from ui.api.usage_answers import Cost, Head, UsageRow
from ui.figures.group_names import OTHERS
from ui.filters.chosen import words_of
from ui.parts.charts import (
    GROUPS_MAX,
    chart_about,
    chart_title,
    daily_charges,
    daily_chart,
    others_words,
)

TODAY = date(2026, 11, 3)
CHARTS_EACH = 50
"""Made with `.legend(...)`, 24 to 36 of 150 charts have the groups of another one."""
DAYS = [TODAY - timedelta(days=2), TODAY - timedelta(days=1), TODAY]


def row(day: date, charge: str, *, model: str | None = None, centre: str | None = None) -> UsageRow:
    cost = Cost(list=Decimal(charge), contracted=Decimal(charge), charge=Decimal(charge))
    return UsageRow(
        calls=1,
        errors=0,
        unpriced_calls=0,
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units={},
        cost=cost,
        day=day,
        model=model,
        cost_centre=centre,
    )


def test_the_dearest_groups_have_colours_and_the_rest_is_others() -> None:
    rows = [row(TODAY, f"{n + 1}", model=f"model-{n:02}") for n in range(GROUPS_MAX + 3)]
    charges = daily_charges(rows, by="model", days=DAYS, today=TODAY, currency="USD")
    assert charges.groups[0] == "model-11"
    assert charges.groups[-1] == OTHERS
    assert len(charges.groups) == GROUPS_MAX + 1
    others = [charge for _, group, charge, _ in charges.rows if group == OTHERS]
    assert others == [Decimal(1 + 2 + 3)]
    assert sum(charge for *_, charge, _ in charges.rows) == sum(r.charge or 0 for r in rows)
    assert others_words(charges, "model") == (
        "Others in the chart: 3 models, each with a row in the list."
    )


def test_one_group_more_than_the_limit_keeps_its_own_name() -> None:
    rows = [row(TODAY, "1", model=f"model-{n}") for n in range(GROUPS_MAX + 1)]
    charges = daily_charges(rows, by="model", days=DAYS, today=TODAY, currency="USD")
    assert OTHERS not in charges.groups
    assert others_words(charges, "model") is None


def test_what_has_no_cost_centre_is_named_so() -> None:
    rows = [row(TODAY, "1"), row(TODAY, "2", centre="R&D")]
    charges = daily_charges(rows, by="cost_centre", days=DAYS, today=TODAY, currency="USD")
    assert charges.groups == ["R&D", "no cost centre"]


def test_a_group_without_a_charge_has_no_mark() -> None:
    rows = [row(TODAY, "0", model="free"), row(TODAY, "2", model="dear")]
    charges = daily_charges(rows, by="model", days=DAYS, today=TODAY, currency="USD")
    assert charges.groups == ["dear"]


def test_days_without_calls_keep_their_place_and_today_is_marked() -> None:
    rows = [row(DAYS[0], "1", model="m"), row(TODAY, "2", model="m")]
    chart = daily_chart(daily_charges(rows, by="model", days=DAYS, today=TODAY, currency="USD"))
    drawn = chart.to_dict()
    assert drawn["encoding"]["x"]["scale"]["domain"] == ["1 Nov", "2 Nov", "today"]
    (marks,) = drawn["datasets"].values()
    assert [mark["partial"] for mark in marks] == [False, True]
    assert marks[1]["charge"] == "2.00 USD"


def test_no_two_days_of_a_year_share_a_bar() -> None:
    days = [date(2025, 11, 3) + timedelta(days=n) for n in range(366)]
    rows = [row(days[0], "1", model="m"), row(days[-2], "2", model="m"), row(TODAY, "4", model="m")]
    charges = daily_charges(rows, by="model", days=days, today=TODAY, currency="USD")
    drawn = daily_chart(charges).to_dict()
    assert len(set(drawn["encoding"]["x"]["scale"]["domain"])) == len(days)
    (marks,) = drawn["datasets"].values()
    assert [mark["day"] for mark in marks] == ["3 Nov 2025", "2 Nov 2026", "today"]


def test_charts_that_are_made_at_once_hold_nothing_of_each_other() -> None:
    """Altair's `.axis(...)` and `.legend(...)` keep what they are called on where all threads see
    it: charts that were made with them sometimes listed the groups of somebody else's.
    """
    crossed: list[object] = []

    def make(name: str) -> None:
        charges = daily_charges(
            [row(TODAY, "1", centre=name)], by="cost_centre", days=DAYS, today=TODAY, currency="USD"
        )
        for _ in range(CHARTS_EACH):
            sort = daily_chart(charges).encoding.color["sort"]
            if sort != [name]:
                crossed.append(sort)

    switch_interval_s = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [Thread(target=make, args=(name,)) for name in ("R&D", "Sales", "Legal")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(switch_interval_s)
    assert crossed == []


def test_the_height_of_a_chart_is_that_of_its_bars() -> None:
    """With `fit` a legend of nine models on a telephone would leave 50 pixels for the bars."""
    rows = [row(TODAY, "1", model="m")]
    charges = daily_charges(rows, by="model", days=DAYS, today=TODAY, currency="USD")
    drawn = daily_chart(charges, about="1–30 Nov 2026, days of Europe/Berlin, USD").to_dict()
    assert drawn["autosize"] == {"type": "fit-x", "contains": "padding"}
    assert drawn["title"]["text"] == "1–30 Nov 2026, days of Europe/Berlin, USD"


def test_a_picture_of_a_chart_says_whose_it_is_and_what_it_is_narrowed_to() -> None:
    first, until = date(2026, 11, 1), date(2026, 12, 1)
    head = Head(first=first, until=until, zone="Europe/Berlin", currency="USD")
    scope = "1–30 Nov 2026, days of Europe/Berlin, USD"
    assert chart_about(head) == scope
    of = words_of(Only(model="gpt-4.1", cost_centre=""))
    assert chart_title(chart_about(head, *of)).to_dict()["text"] == [
        "model gpt-4.1, no cost centre",
        scope,
    ]
    assert chart_about(head, *words_of(Only(cost_centre="R&D"))) == f"cost centre R&D\n{scope}"
