"""The usage report adds up in every grouping, and an unknown cost is not a zero."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from pricing_rules.units import Unit
from table_api.usage.call_usage import CallUsage
from table_api.usage.daily_usage import DailyUsage, Totals, sum_totals
from table_api.usage.grouping import Dimension, group_usage

amounts = st.integers(0, 10**30)
counts = st.integers(0, 5)
totals = st.builds(
    Totals,
    calls=counts,
    errors=counts,
    unpriced_calls=counts,
    no_usage_calls=counts,
    excluding_calls=counts,
    pending_calls=counts,
    units=st.dictionaries(st.sampled_from(Unit), st.integers(1, 10**12), max_size=3),
    list=amounts,
    contracted=amounts,
    charge=amounts,
    billed=amounts,
)
cells = st.builds(
    CallUsage,
    subject=st.sampled_from(["ada", "bob", "eve"]),
    day=st.sampled_from([date(2026, 11, 20), date(2026, 11, 21)]),
    model=st.sampled_from(["gpt-4o", "gpt-4.1-mini"]),
    totals=totals,
    product=st.sampled_from([None, "ai-standard"]),
    session=st.sampled_from([None, "s1", "s2"]),
)
groupings = st.lists(st.sampled_from(Dimension), unique=True, max_size=4)


def cost_centre_of(subject: str, day: date) -> str | None:
    """Ada moves on the 21st, Bob stays, Eve has none."""
    return {"ada": "R&D" if day.day < 21 else "IT", "bob": "IT"}.get(subject)


@given(st.lists(cells, max_size=12), groupings)
def test_groups_sum_exactly_to_the_cells_in_every_grouping(
    found: list[DailyUsage], dimensions: list[Dimension]
) -> None:
    groups = group_usage(found, dimensions, cost_centre_of)
    assert sum_totals(group.totals for group in groups) == sum_totals(c.totals for c in found)
    assert len({group.keys for group in groups}) == len(groups)


def usage(subject: str, day: int, *, calls: int) -> DailyUsage:
    """A cell of November 2026."""
    return DailyUsage(
        subject=subject, day=date(2026, 11, day), model="gpt-4o", totals=Totals(calls=calls)
    )


def test_cost_centre_is_that_of_the_charge_day_and_none_comes_last() -> None:
    found = [usage("eve", 20, calls=1), usage("ada", 20, calls=2), usage("ada", 21, calls=4)]
    groups = group_usage(found, [Dimension.COST_CENTRE], cost_centre_of)
    assert [(group.keys, group.totals.calls) for group in groups] == [
        (("IT",), 4),
        (("R&D",), 2),
        ((None,), 1),
    ]


def test_days_come_in_order_and_an_emptied_cell_makes_no_group() -> None:
    found = [usage("ada", 21, calls=1), usage("ada", 2, calls=1), usage("ada", 9, calls=0)]
    groups = group_usage(found, [Dimension.DAY], cost_centre_of)
    assert [group.keys for group in groups] == [(date(2026, 11, 2),), (date(2026, 11, 21),)]


def test_cost_is_unknown_where_no_call_has_one_and_known_where_one_has() -> None:
    assert not Totals(calls=3, unpriced_calls=2, no_usage_calls=1).cost_known
    assert Totals(calls=4, unpriced_calls=2, no_usage_calls=1).cost_known
    assert Totals().cost_known
