"""Rows of groups: their charges and changes add up to those of the whole."""

from datetime import date
from decimal import Decimal

from msgspec.structs import replace

from ui.api.usage_answers import Cost, Usage, UsageRow
from ui.page_parts.people.centres import centres_of
from ui.page_parts.spend.groups import group_columns, own_groups, rows_words
from ui.parts.charts import GROUPS_MAX, daily_charges

DAY = date(2026, 11, 30)
NOTHING = UsageRow(
    calls=1,
    errors=0,
    unpriced_calls=0,
    no_usage_calls=0,
    excluding_calls=0,
    pending_calls=0,
    units={"input": 1},
    cost=None,
    day=DAY,
)


def usage(charges: dict[str | None, str]) -> Usage:
    rows = [
        replace(NOTHING, cost=cost(charge), cost_centre=centre)
        for centre, charge in charges.items()
    ]
    whole = sum((Decimal(charge) for charge in charges.values()), Decimal(0))
    totals = replace(NOTHING, cost=cost(str(whole)))
    return Usage(
        first=DAY, until=date(2026, 12, 1), zone="UTC", currency="USD", data=rows, totals=totals
    )


def cost(charge: str) -> Cost:
    amount = Decimal(charge)
    return Cost(list=amount, contracted=amount, charge=amount)


def changes(now: Usage, then: Usage) -> dict[str, Decimal]:
    names, columns = group_columns(now, then, by="cost_centre")
    cells = columns["Change (USD)"].cells
    return {name: Decimal(str(cell)) for name, cell in zip(names, cells, strict=True)}


def test_a_group_without_calls_any_more_has_a_row_so_that_changes_add_up() -> None:
    now, then = usage({"Sales": "2"}), usage({"Sales": "1", "Legal": "5", None: "0.5"})
    assert changes(now, then) == {
        "Sales": Decimal(1),
        "Legal": Decimal(-5),
        "no cost centre": Decimal("-0.5"),
    }


def test_changes_of_many_groups_add_up_with_all_others_in_one_row() -> None:
    now = usage({f"now {n:02}": f"{n + 1}" for n in range(GROUPS_MAX + 4)})
    then = usage({f"then {n:02}": "1" for n in range(3)})
    found = changes(now, then)
    assert now.totals.charge is not None
    assert sum(found.values()) == now.totals.charge - 3
    assert found["Others"] == 1 + 2 + 3 + 4 - 3


def test_a_cost_centre_that_is_called_like_none_keeps_its_own_row() -> None:
    now = usage({"no cost centre": "1", None: "2", "Others": "4", "R&D": "8"})
    names, columns = group_columns(now, usage({}), by="cost_centre")
    assert names == ["R&D", "“Others”", "“no cost centre”", "no cost centre"]
    assert list(columns["Charge (USD)"].cells) == [8, 4, 1, 2]
    centres = centres_of(now, now, usage({}))
    assert [(each.name, each.charge) for each in centres][-2:] == [
        ("“no cost centre”", Decimal(1)),
        ("no cost centre", Decimal(2)),
    ]
    drawn = daily_charges(now.data, by="cost_centre", days=[DAY], today=DAY, currency="USD")
    assert {group: charge for _, group, charge, _ in drawn.rows} == {
        "R&D": 8,
        "“Others”": 4,
        "“no cost centre”": 1,
        "no cost centre": 2,
    }


def test_others_of_the_chart_is_others_of_the_list() -> None:
    """Usage of nobody has a colour of its own, and a group that is gone a row of its own."""
    now = usage({None: "50", **{f"now {n:02}": f"{n + 1}" for n in range(GROUPS_MAX + 4)}})
    then = usage({"gone": "9", "now 00": "70"})
    names, columns = group_columns(now, then, by="cost_centre")
    listed = dict(zip(names, columns["Charge (USD)"].cells, strict=True))
    drawn = daily_charges(
        now.data,
        by="cost_centre",
        days=[DAY],
        today=DAY,
        currency="USD",
        own=own_groups(now, then, by="cost_centre"),
    )
    assert {group: charge for _, group, charge, _ in drawn.rows} == listed
    assert len(drawn.groups) == GROUPS_MAX + 1, "no two of them share a colour"


def test_a_list_of_one_cost_centre_says_nothing_of_usage_without_one() -> None:
    now = usage({"Sales": "2"})
    assert group_columns(now, usage({}), by="cost_centre")[0] == ["Sales", "no cost centre"]
    assert group_columns(now, usage({}), by="cost_centre", of_one=True)[0] == ["Sales"]


def test_a_file_says_how_many_groups_are_in_others() -> None:
    now = usage({None: "50", **{f"now {n:02}": f"{n + 1}" for n in range(GROUPS_MAX + 4)}})
    all_count = GROUPS_MAX + 4
    names, _ = group_columns(now, usage({}), by="cost_centre")
    said = rows_words(names, all_count=all_count, by="cost_centre")
    assert said == f"{GROUPS_MAX - 1} groups, 5 more in Others, and no cost centre"
    names, _ = group_columns(now, usage({}), by="cost_centre", is_whole=True)
    assert rows_words(names, all_count=all_count, by="cost_centre") is None
