"""What a caller may see, day by day; by a model that decides each day alone."""

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from table_api.ledger.day_range import DayRange
from table_api.owners.ownership import Kind, Ownership
from table_api.owners.share import DaysByCentre, Share
from table_api.people.people import PeopleDirectory, Person

FIRST = date(2026, 10, 20)
DAYS = [FIRST + timedelta(days=n) for n in range(25)]
RANGE = DayRange(DAYS[0], DAYS[-1] + timedelta(days=1))
SUBJECTS = ["me", "ann", "bob", "subscription:s"]
CENTRES = ["A", "B", None]

days = st.sampled_from(DAYS)
people = st.lists(
    st.builds(
        Person,
        subject=st.sampled_from(SUBJECTS),
        display_name=st.sampled_from(["Name 1", "Name 2", None]),
        cost_centre=st.sampled_from(CENTRES),
        valid_from=days,
    ),
    max_size=8,
    unique_by=lambda person: (person.subject, person.valid_from),
)
owned = st.lists(
    st.builds(
        lambda what, start, length: Ownership(
            owner="me",
            kind=what[0],
            name=what[1],
            valid_from=start,
            valid_until=start + timedelta(days=length) if length else None,
        ),
        st.sampled_from(
            [(Kind.COST_CENTRE, "A"), (Kind.COST_CENTRE, "B"), (Kind.SUBSCRIPTION, "s")]
        ),
        days,
        st.integers(0, 12),
    ),
    max_size=4,
)
bills = st.lists(
    st.dictionaries(
        st.sampled_from(SUBJECTS),
        st.dictionaries(st.sampled_from(CENTRES), st.sets(days.filter(lambda d: d.month == 10))),
    ),
    max_size=2,
)


def bits(bill: dict[str, dict[str | None, set[date]]]) -> DaysByCentre:
    return {
        subject: {centre: sum(1 << day.day for day in of) for centre, of in centres.items()}
        for subject, centres in bill.items()
    }


@given(people, owned, bills)
def test_each_day_is_decided_by_who_owned_what_on_it(
    rows: list[Person],
    ownerships: Sequence[Ownership],
    billed: list[dict[str, dict[str | None, set[date]]]],
) -> None:
    directory = PeopleDirectory(rows)
    share = Share(
        subject="me",
        owned=tuple(ownerships),
        people=directory,
        billed={"202610": [bits(bill) for bill in billed]},
    )

    def centre(subject: str, day: date) -> str | None:
        for bill in billed:
            for name, of in bill.get(subject, {}).items():
                if day in of:
                    return name
        return directory.cost_centre(subject, day)

    def seen(subject: str, day: date) -> bool:
        mine = [each for each in ownerships if each.holds(day)]
        centres = {each.name for each in mine if each.kind is Kind.COST_CENTRE}
        subjects = {"me", *(each.subject for each in mine if each.subject)}
        return subject in subjects or centre(subject, day) in centres

    for subject in SUBJECTS:
        visible = {day for day in DAYS if seen(subject, day)}
        assert {day for day in DAYS if share.sees(subject, day)} == visible
        assert share.may_see(subject) or not visible
        runs = share.days(subject, RANGE)
        assert {day for day in DAYS if any(run.start <= day < run.stop for run in runs)} == visible
        assert all(one.stop < other.start for one, other in pairwise(runs))
        assert share.owns_subject(subject, RANGE) == all(
            subject == "me"
            or any(each.subject == subject and each.holds(day) for each in ownerships)
            for day in DAYS
        )


@given(people, owned)
def test_a_row_of_people_is_shown_for_a_day_on_which_it_may_be_seen(
    rows: list[Person], ownerships: Sequence[Ownership]
) -> None:
    directory = PeopleDirectory(rows)
    share = Share(subject="me", owned=tuple(ownerships), people=directory, billed={})
    shown = set(share.visible_people())
    # Rows and ownerships may hold longer than DAYS: look until all of them are decided.
    later = [DAYS[-1] + timedelta(days=n) for n in range(1, 30)]
    expected = {
        row
        for day in (*DAYS, *later)
        for subject in SUBJECTS
        if (row := directory.at(subject, day)) is not None
        and (subject == "me" or share.sees(subject, day))
    }
    assert shown == expected
