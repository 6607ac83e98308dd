"""The changes of a list add up to that of the whole, whatever has a price in either period."""

from datetime import date
from decimal import Decimal
from itertools import product

import pytest
from msgspec.structs import replace

from tests.ui.page_parts.spend.test_groups import DAY, NOTHING, cost
from ui.api.usage_answers import Gone, Page, SubjectRow, Subjects, Usage, UsageRow
from ui.page_parts.people.centres import centre_columns, centres_of
from ui.page_parts.people.people import people_columns
from ui.page_parts.spend.groups import group_columns
from ui.parts.charts import GROUPS_MAX
from ui.parts.tables import Column

UNTIL = date(2026, 12, 1)
PRICED, FREE, UNPRICED, ABSENT = "priced", "free", "unpriced", "absent"
COMBINATIONS = list(product([PRICED, FREE, UNPRICED, ABSENT], repeat=2))
"""(now, then) of every kind of group."""
WANTED = {
    (PRICED, PRICED): 4,
    (PRICED, FREE): 7,
    (PRICED, UNPRICED): 7,
    (PRICED, ABSENT): 7,
    (FREE, PRICED): -3,
    (FREE, FREE): 0,
    (FREE, UNPRICED): None,
    (FREE, ABSENT): 0,
    (UNPRICED, PRICED): -3,
    (UNPRICED, FREE): None,
    (UNPRICED, UNPRICED): None,
    (UNPRICED, ABSENT): None,
    (ABSENT, PRICED): -3,
    (ABSENT, FREE): 0,
    (ABSENT, UNPRICED): None,
}
"""Each with 7 now and 3 then where it is priced. A group of neither period is in no answer."""


def charges(names: dict[str, tuple[str, str]], *, at: int) -> dict[str, str | None]:
    """The charge of each group that is there in a period; None where no call has a price."""
    found = {PRICED: "73"[at], FREE: "0", UNPRICED: None}
    kinds = {name: pair[at] for name, pair in names.items()}
    return {name: found[kind] for name, kind in kinds.items() if kind != ABSENT}


def usage(of: dict[str, str | None]) -> Usage:
    """As the API answers: what has no price is in no total."""
    rows = [row(charge, name) for name, charge in of.items()]
    whole = sum((each.charge for each in rows if each.charge is not None), Decimal(0))
    totals = replace(NOTHING, calls=len(rows), cost=cost(str(whole)))
    return Usage(first=DAY, until=UNTIL, zone="UTC", currency="USD", data=rows, totals=totals)


def row(charge: str | None, name: str) -> UsageRow:
    known = None if charge is None else cost(charge)
    return replace(NOTHING, cost=known, unpriced_calls=int(charge is None), cost_centre=name)


def named(times: int) -> dict[str, tuple[str, str]]:
    """Every kind of group, so many times."""
    return {
        f"{now} after {then} {number}": (now, then)
        for number, (now, then) in product(range(times), COMBINATIONS)
        if (now, then) != (ABSENT, ABSENT)
    }


def cells(columns: dict[str, Column]) -> list[Decimal | None]:
    found = columns["Change (USD)"].cells
    return [None if cell is None else Decimal(str(cell)) for cell in found]


def whole(now: Usage, then: Usage) -> Decimal:
    assert now.totals.charge is not None
    assert then.totals.charge is not None
    return now.totals.charge - then.totals.charge


@pytest.mark.parametrize(("kinds", "change"), WANTED.items())
def test_the_change_of_one_group(kinds: tuple[str, str], change: int | None) -> None:
    now, then = (usage(charges({"Sales": kinds}, at=at)) for at in (0, 1))
    names, columns = group_columns(now, then, by="cost_centre")
    assert dict(zip(names, cells(columns), strict=True))["Sales"] == change
    centres = centres_of(now, now, then)
    names = [each.name for each in centres]
    found = dict(zip(names, cells(centre_columns(centres, now)), strict=True))
    assert found["Sales"] == change


@pytest.mark.parametrize("times", [1, 3])
def test_changes_add_up_to_that_of_the_whole(times: int) -> None:
    names = named(times)
    assert len(names) > GROUPS_MAX + 1, "the last groups are one row"
    now, then = (usage(charges(names, at=at)) for at in (0, 1))
    _, columns = group_columns(now, then, by="cost_centre")
    assert sum(each or 0 for each in cells(columns)) == whole(now, then)
    columns = centre_columns(centres_of(now, now, then), now)
    assert sum(each or 0 for each in cells(columns)) == whole(now, then)


def test_changes_of_people_add_up_to_that_of_the_whole() -> None:
    names = named(2)
    newer, older = (charges(names, at=at) for at in (0, 1))
    now, then = usage(newer), usage(older)
    gone = [older[name] for name in older if name not in newer]
    people = Subjects(
        first=DAY,
        until=UNTIL,
        zone="UTC",
        currency="USD",
        totals=now.totals,
        page=Page(),
        data=[person(name, charge, older.get(name, "0")) for name, charge in newer.items()],
        gone=Gone(
            subjects=len(gone),
            earlier_charge=sum((Decimal(charge) for charge in gone if charge), Decimal(0)),
        ),
    )
    columns = people_columns(people)
    assert sum(each or 0 for each in cells(columns)) == whole(now, then)
    found = dict(zip(newer, cells(columns), strict=False))
    assert {name: found[name] for name in newer} == {name: WANTED[names[name]] for name in newer}


def test_who_is_gone_without_a_known_charge_has_no_known_change() -> None:
    whole = usage({})
    people = Subjects(
        first=DAY, until=UNTIL, zone="UTC", currency="USD", totals=whole.totals, page=Page(),
        data=[], gone=Gone(subjects=5, earlier_charge=None),
    )  # fmt: skip
    assert cells(people_columns(people)) == [None]


def person(name: str, charge: str | None, earlier: str | None) -> SubjectRow:
    return SubjectRow(
        subject=name,
        first_day=DAY,
        last_day=DAY,
        active_days=1,
        earlier_charge=None if earlier is None else Decimal(earlier),
        calls=1,
        errors=0,
        unpriced_calls=int(charge is None),
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units={},
        cost=None if charge is None else cost(charge),
    )
