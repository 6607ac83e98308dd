"""People and cost centres: who spends how much, who changed, and what nobody pays for."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.ui.lists import lists, open_row
from tests.ui.stand import ADA, BOB, KEY, ODD, UNPRICED, InventedCall, Stand, charge_of
from tests.ui.test_pages import APP, RUN_TIMEOUT_S, column, in_address, opened, words
from ui.api.client import SUBJECTS_PAGE_ROWS
from ui.figures.unit_cost import AMOUNT_PLACES


def page(name: str, **parameters: str) -> AppTest:
    """A page as its address opens it."""
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S)
    app = app.run().switch_page(f"app_pages/{name}.py")
    for parameter, value in parameters.items():
        app.query_params[parameter] = value
    return app.run()


@pytest.mark.usefixtures("stand")
def test_people_have_change_share_and_active_days(calls: list[InventedCall], today: date) -> None:
    app = page("people", range="7 days")
    assert not app.exception
    week, before = (
        [
            call
            for call in calls
            if call.subject == ADA
            and today - timedelta(days=back + 7) < call.day <= today - timedelta(days=back)
        ]
        for back in (0, 7)
    )
    row = column(app, "Name").index("Ada Lovelace")
    assert Decimal(str(column(app, "Charge (USD)")[row])) == charge_of(week)
    changed = Decimal(str(column(app, "Change (USD)")[row]))
    assert changed == charge_of(week) - charge_of(before)
    days = {call.day for call in week}
    assert column(app, "First active")[row] == min(days).isoformat()
    assert column(app, "Last active")[row] == max(days).isoformat()
    each_day = Decimal(str(column(app, "USD per active day")[row]))
    assert each_day == round(charge_of(week) / len(days), AMOUNT_PLACES)
    shares = [Decimal(str(share)) for share in column(app, "Share")]
    assert round(sum(shares), 6) == 100


def way_back(app: AppTest) -> list[str]:
    """The links above the title."""
    links = [each.proto for each in app.get("page_link")]
    return [each.label.replace("\\", "") for each in links if "chevron_left" in each.icon]


@pytest.mark.usefixtures("stand")
def test_the_way_from_a_cost_centre_to_its_people() -> None:
    app = page("cost_centres", range="30 days")
    assert column(app, "Cost centre")[-1] == "no cost centre"
    app = open_row(app, "Cost centres", "R&D")
    assert in_address(app, "cost_centre") == "R&D"
    assert in_address(app, "range") == "30 days"
    assert app.title[0].value.replace("\\", "") == "R&D"
    assert "Bob Berg" not in column(app, "Name")
    assert way_back(app) == ["Overview", "Cost centres"]
    app = open_row(opened(cost_centre="R&D"), "People", ADA)
    assert app.title[0].value == "Ada Lovelace"
    assert way_back(app) == ["Overview", "Cost centres", "R&D"]


@pytest.mark.usefixtures("stand")
def test_the_overview_of_one_model_is_called_by_its_name() -> None:
    app = opened(model="gpt-4.1")
    assert app.title[0].value.replace("\\", "") == "gpt-4.1"
    assert way_back(app) == ["Overview"]


@pytest.mark.usefixtures("stand")
def test_usage_without_a_cost_centre_is_a_part_like_any_other() -> None:
    app = opened(cost_centre="no cost centre", range="30 days")
    assert column(app, "Name") == ["subscription:batch/nightly"]


@pytest.mark.usefixtures("stand")
def test_groups_show_usage_of_nobody_and_unpriced_calls_also_where_there_are_none() -> None:
    app = opened(range="Today", by="Cost centre", model="gpt-4.1")
    assert column(app, "Cost centre", of="Share") == ["R&D", "Sales", "no cost centre"]
    assert column(app, "Calls", of="Cost centre")[1:] == [0, 0]
    assert "Unpriced: none" in words(app)


@pytest.mark.usefixtures("stand")
def test_an_unknown_model_is_named_and_can_be_taken_away() -> None:
    app = opened(model="gpt-4.11")
    assert not app.exception
    assert "the nearest is 'gpt-4.1'" in words(app)
    app.button(key="only_model").click().run()
    assert "model" not in app.query_params
    assert not app.error


@pytest.mark.usefixtures("stand")
def test_the_overview_is_compared_with_any_days(calls: list[InventedCall], today: date) -> None:
    day = today - timedelta(days=40)
    said = day.isoformat()
    app = opened(range="7 days", compare="Other days", compare_first=said, compare_last=said)
    assert not app.exception
    assert f"than on {day.day} {day:%b %Y}" in words(app)
    assert "a year" not in words(app)
    broken = opened(compare="Other days", compare_first="soon")
    assert "compare_first='soon'" in words(broken)


def test_everybody_is_searched_by_name(stand: Stand) -> None:
    app = page("search", find="berg")
    assert [row for each in lists(app) for row in each["Name"]] == ["Bob Berg"]
    assert "Nothing found" in words(page("search", find="nobody at all"))
    assert "Enter a name" in words(page("search"))


def test_a_cost_centre_called_like_none_is_not_usage_without_one(
    empty_stand: Stand, calls: list[InventedCall]
) -> None:
    empty_stand.save_people({ADA: ("Ada Lovelace", "no cost centre")})
    empty_stand.post([call for call in calls if call.subject in (ADA, KEY)])
    app = page("cost_centres", range="90 days")
    assert column(app, "Cost centre") == ["“no cost centre”", "no cost centre"]
    app = open_row(app, "Cost centres", "“no cost centre”")
    centre = in_address(app, "cost_centre")
    assert column(opened(cost_centre=centre, range="90 days"), "Name") == ["Ada Lovelace"]
    assert column(opened(cost_centre="no cost centre", range="90 days"), "Name") == [KEY]


@pytest.mark.parametrize(
    ("address", "title", "label"),
    [
        ("“no cost centre”", "no cost centre", "Only cost centre no cost centre"),
        ("““no cost centre””", "“no cost centre”", "Only cost centre “no cost centre”"),
        ("no cost centre", "Without a cost centre", "Only without a cost centre"),
        ("R&D", "R&D", "Only cost centre R&D"),
    ],
)
def test_a_filter_is_called_as_its_cost_centre_is(
    empty_stand: Stand, calls: list[InventedCall], address: str, title: str, label: str
) -> None:
    centres = {ADA: "no cost centre", BOB: "“no cost centre”", ODD: "R&D"}
    empty_stand.save_people({subject: ("", centre) for subject, centre in centres.items()})
    empty_stand.post([call for call in calls if call.subject in (*centres, KEY)])
    app = opened(cost_centre=address, range="90 days")
    assert not app.error
    assert app.title[0].value.replace("\\", "") == title
    assert app.button(key="only_cost_centre").label.replace("\\", "") == label


@pytest.mark.parametrize(
    ("narrowed", "said"),
    [
        ({}, "Nobody has calls in these days. Choose more days."),
        (
            {"model": "gpt-4.1"},
            "Nobody has calls that match. Drop the filter, or choose more days.",
        ),
        (
            {"cost_centre": "R&D", "q": "zzz"},
            "Nobody has calls that match. Empty the search, drop the filter, or choose more days.",
        ),
    ],
)
def test_an_empty_list_says_what_may_fill_it(
    empty_stand: Stand, today: date, narrowed: dict[str, str], said: str
) -> None:
    """Somebody calls in these days where the list is narrowed, and long before where it is not."""
    day = today if narrowed else today - timedelta(days=99)
    models = ((ADA, day - timedelta(days=200), "gpt-4.1"), (BOB, day, "gpt-5-mini"))
    empty_stand.post(
        [
            InventedCall(number=number, subject=subject, day=of, deployment=model, input=9)
            for number, (subject, of, model) in enumerate(models)
        ]
    )
    app = page("people", range="90 days", **narrowed)
    assert not app.error
    assert said in words(app)


def test_people_without_calls_any_more_have_a_row_so_that_changes_add_up(
    empty_stand: Stand, calls: list[InventedCall], today: date
) -> None:
    week = today - timedelta(days=6)
    kept = [call for call in calls if call.day < week or call.subject == ADA]
    empty_stand.post([call for call in kept if call.day >= week - timedelta(days=7)])
    app = page("people", range="7 days")
    names, changes = column(app, "Name"), column(app, "Change (USD)")
    assert names == ["Ada Lovelace", "3 without calls any more"]
    now, then = (
        charge_of([call for call in kept if first <= call.day < first + timedelta(days=7)])
        for first in (week, week - timedelta(days=7))
    )
    assert sum(Decimal(str(change)) for change in changes) == now - then


@pytest.mark.parametrize("name", ["people", "cost_centres", "models"])
@pytest.mark.usefixtures("stand")
def test_the_charge_of_all_is_said_with_what_it_lacks(name: str, calls: list[InventedCall]) -> None:
    unpriced = sum(call.deployment == UNPRICED for call in calls)
    assert f"In no charge, or not wholly: {unpriced} calls without a price." in words(
        page(name, range="90 days")
    )


def test_a_later_page_that_nobody_is_on_any_more_is_not_said_to_be_all(
    empty_stand: Stand, today: date
) -> None:
    """By charge, whoever goes on calling is further up, also on the page before."""
    many = SUBJECTS_PAGE_ROWS + 1
    calls = [
        InventedCall(
            number=at, subject=f"app:{at:03}", day=today, deployment="gpt-4.1", input=900 - at
        )
        for at in range(many)
    ]
    empty_stand.post(calls)
    app = page("people")
    app.button(key="next_page").click().run()
    assert [str(name) for name in column(app, "Name")] == [calls[-1].subject]
    last = calls[-1]
    empty_stand.post([replace(last, number=many + at, input=90_000) for at in range(2)])
    st.cache_data.clear()
    app.run()
    assert not app.exception
    assert "Nobody is on this page any more" in words(app)
    assert "Nobody has calls" not in words(app)
