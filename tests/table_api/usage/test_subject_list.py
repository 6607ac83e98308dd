"""The list of subjects: pages together are the list, in order, whatever the sorting."""

import random
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from table_api.people.people import PeopleDirectory, Person
from table_api.usage.daily_usage import DailyUsage, Totals, sum_totals
from table_api.usage.subject_list import (
    FEW_LOOKED_AT,
    ListPosition,
    Order,
    SubjectList,
    SubjectSort,
    SubjectUsage,
    columns_of,
)

TODAY = date(2026, 11, 23)
PEOPLE = PeopleDirectory(
    [
        Person(
            subject="ada",
            display_name="Ada Lovelace",
            cost_centre="R&D",
            valid_from=date(2026, 1, 1),
        )
    ]
)


def usage(subject: str, *, charge: int = 0, calls: int = 1, day: int = 20) -> DailyUsage:
    """A cell of November 2026."""
    return DailyUsage(
        subject=subject,
        day=date(2026, 11, day),
        model="gpt-4o",
        totals=Totals(calls=calls, charge=charge),
    )


def listed(*cells: DailyUsage, before: Sequence[DailyUsage] | None = None) -> SubjectList:
    """The subjects of these cells, of which each second one is another month's."""
    parts = [columns_of(cells[::2]), columns_of(cells[1::2])]
    earlier = None if before is None else [columns_of(before[::2]), columns_of(before[1::2])]
    return SubjectList(parts, PEOPLE, today=TODAY, earlier=earlier)


def all_of(found: SubjectList) -> list[SubjectUsage]:
    """All of a list, by subject."""
    page, after = found.page(SubjectSort.SUBJECT, Order.ASC, limit=100, after=None)
    assert after is None
    return list(page)


def place_of(found: SubjectUsage, sort: SubjectSort) -> ListPosition:
    """Where a subject stands in the list."""
    of_sort = {
        SubjectSort.CHARGE: found.totals.charge,
        SubjectSort.CALLS: found.totals.calls,
        SubjectSort.SUBJECT: 0,
        SubjectSort.CHANGE: found.totals.charge - (found.earlier.charge if found.earlier else 0),
    }
    return of_sort[sort], found.subject


lists = st.lists(
    st.builds(
        usage,
        st.sampled_from([f"user{n}" for n in range(12)]),
        charge=st.integers(0, 3),
        calls=st.integers(1, 3),
    ),
    max_size=30,
)


@given(lists, lists, st.sampled_from(SubjectSort), st.sampled_from(Order), st.integers(1, 5))
def test_pages_together_are_the_whole_list_in_order(
    cells: list[DailyUsage],
    before: list[DailyUsage],
    sort: SubjectSort,
    order: Order,
    limit: int,
) -> None:
    usages = listed(*cells, before=before)
    seen: list[SubjectUsage] = []
    after: ListPosition | None = None
    while True:
        page, after = usages.page(sort, order, limit=limit, after=after)
        assert len(page) <= limit
        seen.extend(page)
        if after is None:
            break
    assert len(seen) == len({cell.subject for cell in cells})
    assert {each.subject for each in seen} == {cell.subject for cell in cells}
    assert usages.totals() == sum_totals(cell.totals for cell in cells)
    assert usages.totals() == sum_totals(each.totals for each in seen)
    places = [place_of(each, sort) for each in seen]
    assert places == sorted(places, reverse=order is Order.DESC)


def test_subject_has_its_name_its_last_day_and_the_sum_of_its_cells() -> None:
    [ada] = all_of(listed(usage("ada", charge=5, day=3), usage("ada", charge=7, day=19)))
    assert (ada.name, ada.cost_centre) == ("Ada Lovelace", "R&D")
    assert (ada.first_day, ada.last_day, ada.active_days) == (
        date(2026, 11, 3),
        date(2026, 11, 19),
        2,
    )
    assert (ada.totals.calls, ada.totals.charge) == (2, 12)


def test_subject_of_nothing_but_emptied_cells_is_not_listed() -> None:
    assert all_of(listed(usage("ada", calls=0))) == []


@pytest.mark.parametrize("text", ["ADA", "lovel", "r&d"])
def test_search_finds_subject_name_and_cost_centre_in_any_case(text: str) -> None:
    found = listed(usage("ada"), usage("bob")).matching(text)
    assert [each.subject for each in all_of(found)] == ["ada"]


def test_search_for_what_nobody_has_finds_nobody() -> None:
    assert all_of(listed(usage("ada"), usage("bob")).matching("zoe")) == []


@given(
    st.lists(st.tuples(st.sampled_from(["ada", "bob", "cyd", "dee"]), st.integers())),
    st.booleans(),
)
def test_rows_of_one_subject_are_added_up_wherever_they_stand(
    lines: list[tuple[str, int]], ordered: bool
) -> None:
    """Next to each other, as storage has them, or not."""
    cells = [usage(subject, charge=charge) for subject, charge in lines]
    if ordered:
        cells.sort(key=lambda cell: cell.subject)
    found = SubjectList([columns_of(cells)], PEOPLE, today=TODAY)
    page, _ = found.page(SubjectSort.CHARGE, Order.DESC, limit=100, after=None)
    sums = {
        subject: sum(charge for name, charge in lines if name == subject) for subject, _ in lines
    }
    by_charge = sorted(((charge, subject) for subject, charge in sums.items()), reverse=True)
    assert [(each.totals.charge, each.subject) for each in page] == by_charge


@pytest.mark.parametrize("limit", [1, 50, FEW_LOOKED_AT - 1, FEW_LOOKED_AT, FEW_LOOKED_AT + 7])
@pytest.mark.parametrize("order", Order)
def test_first_page_of_a_long_list_is_its_beginning(order: Order, limit: int) -> None:
    """Those that are looked at first are the last ones, and some are equal."""
    chance = random.Random(limit)
    low = order is Order.DESC
    few = [(f"few-{n:04}", n % 40 if low else 900 + n % 40) for n in range(FEW_LOOKED_AT)]
    more = [(f"more-{n:04}", chance.randrange(20, 920)) for n in range(900)]
    cells = [usage(subject, charge=charge) for subject, charge in [*few, *more]]
    found = SubjectList([columns_of(cells)], PEOPLE, today=TODAY)
    page, after = found.page(SubjectSort.CHARGE, order, limit=limit, after=None)
    expected = sorted([(charge, subject) for subject, charge in [*few, *more]], reverse=low)
    assert [(each.totals.charge, each.subject) for each in page] == expected[:limit]
    assert after == expected[limit - 1]
    assert len(found) == 1_900
