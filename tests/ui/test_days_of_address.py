"""Days in an address count, or the page says that they do not."""

from collections.abc import Mapping
from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from tests.ui.opening import cards, opened, said
from tests.ui.stand import ADA, Stand
from ui.format import days
from ui.period import Range

UNUSED = "The address names what this page does not use"


def unused(app: AppTest) -> list[str]:
    return [text for text in said(app).splitlines() if UNUSED in text]


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize("page", ["usage", "people", "models"])
@pytest.mark.parametrize("names", [("first", "last"), ("first",), ("last",)])
def test_days_without_a_range_are_the_range(page: str, names: tuple[str, ...], today: date) -> None:
    named = dict(zip(("first", "last"), (today - timedelta(days=9), today), strict=True))
    parameters = {name: named[name].isoformat() for name in names}
    app = opened(page, **parameters)
    assert not app.exception
    with_range = opened(page, range=Range.CUSTOM, **parameters)
    assert said(app) == said(with_range)
    assert cards(app) == cards(with_range)
    assert unused(app) == []
    if page == "usage" and len(names) == 2:
        assert days(named["first"], named["last"]) in said(app)


@pytest.mark.usefixtures("stand")
def test_compared_days_without_a_choice_are_compared_with(today: date) -> None:
    first, last = today - timedelta(days=40), today - timedelta(days=31)
    app = opened("usage", compare_first=first.isoformat(), compare_last=last.isoformat())
    assert days(first, last) in said(app)
    assert unused(app) == []


@pytest.mark.usefixtures("stand")
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"range": "7 days", "first": "2026-11-03"}, "first"),
        ({"range": "Last month", "first": "2026-11-03", "last": "2026-11-04"}, "first, last"),
        ({"compare": "A year before", "compare_last": "2026-11-03"}, "compare_last"),
        ({"subject": ADA, "range": "7 days", "last": "2026-11-03"}, "last"),
    ],
)
def test_days_next_to_another_range_are_named(more: Mapping[str, str], named: str) -> None:
    app = opened("usage", **more)
    assert not app.exception
    assert unused(app) == [f"**{UNUSED}**: {named}. What is shown does not depend on it."]


def test_a_page_without_days_keeps_them_for_its_links(stand: Stand, today: date) -> None:
    call = stand.call_ids(ADA, today)[0]
    app = opened("usage", call=call, range="7 days", first="2026-11-03")
    assert unused(app) == []


@pytest.mark.usefixtures("stand")
def test_another_range_drops_the_days_of_the_one_before(today: date) -> None:
    app = opened("usage", first=today.isoformat(), last=today.isoformat())
    app.button_group(key="range").set_value(Range.DAYS_7.value).run()
    assert dict(app.query_params) == {"range": Range.DAYS_7}
