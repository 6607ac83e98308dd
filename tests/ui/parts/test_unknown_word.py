"""A word in an address that a chooser does not have is never passed over in silence, on any page.

Which choosers there are is read from the code of the pages, so a new one has to be added here.
"""

import ast
import asyncio
from collections.abc import Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import NamedTuple

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from tests.fixtures.calls import book
from tests.paths import ROOT
from tests.ui.app_pages.test_invoices import closed_months, served
from tests.ui.opening import opened
from tests.ui.stand import InventedCall, Stand, standing
from ui.address import Parameter
from ui.format import JOINER
from ui.page_parts.price.offer_chooser import CHOOSERS

UNKNOWN = "zz*_[top]_*"
CHOOSE = {"choose", "pick"}
WIDGETS = {"selectbox", "segmented_control", "radio", "pills", "multiselect", "select_slider"}
OF_THE_ADDRESS = "ui/parts/choosers.py"
NOT_IN_THE_ADDRESS = {"ui/app_pages/playground.py"}
"""What is typed there is sent, and nobody links to it."""
OFFER = "ui/page_parts/price/offer_chooser.py"
"""Its choosers are a table, not calls."""


class Chooser(NamedTuple):
    """A chooser of a module, by the parameter that it reads."""

    module: str
    parameter: Parameter


class Place(NamedTuple):
    """Where a chooser is seen: a page, and what else its address has."""

    page: str
    more: Mapping[str, str] = MappingProxyType({})


OF_A_MODEL = Place("models", {"model": "gpt-4.1", "range": "90 days"})
PLACES: dict[Chooser, Place] = {
    Chooser(OF_THE_ADDRESS, Parameter.RANGE): Place("usage"),
    Chooser(OF_THE_ADDRESS, Parameter.COMPARE): Place("usage"),
    Chooser("ui/usage_views/overview.py", Parameter.BY): Place("usage"),
    Chooser("ui/page_parts/people/people.py", Parameter.SORT): Place("people"),
    Chooser("ui/app_pages/completeness.py", Parameter.SPAN): Place("completeness"),
    Chooser("ui/app_pages/reratings.py", Parameter.BY): Place("reratings"),
    Chooser("ui/page_parts/model/what_if.py", Parameter.INSTEAD): OF_A_MODEL,
    Chooser("ui/page_parts/model/what_if.py", Parameter.CALLS): OF_A_MODEL,
    Chooser("ui/page_parts/price/calculator.py", Parameter.MODEL): Place("prices"),
    Chooser(OFFER, Parameter.VERSION): Place("prices"),
    Chooser(OFFER, Parameter.TYPE): Place("prices"),
    Chooser(OFFER, Parameter.TIER): OF_A_MODEL,
    Chooser(OFFER, Parameter.REGION): OF_A_MODEL,
    Chooser("ui/app_pages/invoices.py", Parameter.DOCUMENTS): Place("invoices"),
    Chooser("ui/page_parts/document/chosen_month.py", Parameter.MONTH): Place("invoices"),
    Chooser("ui/page_parts/document/preview.py", Parameter.MONTH): Place(
        "invoices", {"documents": "Preview"}
    ),
    Chooser("ui/page_parts/document/comparison.py", Parameter.MONTH): Place(
        "invoices", {"documents": "Compare"}
    ),
    Chooser("ui/page_parts/document/comparison.py", Parameter.AGAINST): Place(
        "invoices", {"documents": "Compare"}
    ),
}

BY_LINK = {Chooser("ui/page_parts/spend/groups.py", Parameter.GROUPS): Place("usage")}
"""Chosen by a link, so that no widget has the words."""


def calls_in(module: str) -> Iterator[ast.Call]:
    tree = ast.parse((ROOT / module).read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def modules() -> list[str]:
    return sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "ui").rglob("*.py"))


def choosers() -> set[Chooser]:
    """Every call of a chooser in the code of the pages."""
    found: set[Chooser] = set()
    for module in modules():
        for call in calls_in(module):
            if isinstance(call.func, ast.Name) and call.func.id in CHOOSE:
                named = call.args[1]
                if isinstance(named, ast.Attribute):
                    found.add(Chooser(module, Parameter[named.attr]))
                else:
                    assert module == OFFER, f"{module} chooses what this test cannot read"
                    found |= {Chooser(module, parameter) for _, parameter in CHOOSERS.values()}
    return found


def test_every_chooser_of_the_pages_is_tested_here() -> None:
    assert choosers() == set(PLACES)


def test_no_page_has_a_chooser_of_its_own() -> None:
    """One that reads the address elsewhere would not say what it does not know."""
    drawn = {
        module
        for module in modules()
        for call in calls_in(module)
        if isinstance(call.func, ast.Attribute) and call.func.attr in WIDGETS
    }
    assert drawn == {OF_THE_ADDRESS, *NOT_IN_THE_ADDRESS}


@pytest.fixture(scope="module")
def priced(calls: list[InventedCall], today: date) -> Iterator[str]:
    """A ledger with calls, prices and a run."""
    with standing() as stand:
        fill(stand, calls, today)
        yield stand.url


def fill(stand: Stand, calls: list[InventedCall], today: date) -> None:
    stand.save_people()
    stand.post(calls)
    stand.publish_prices(book(), age_days_max=10_000)
    stand.rerate(2, today)


@pytest.fixture(scope="module")
def closed() -> Iterator[str]:
    """Two closed months, and an open one."""
    with served(asyncio.run(closed_months())) as url:
        yield url


@pytest.fixture
def at(priced: str, closed: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    st.cache_data.clear()
    st.cache_resource.clear()
    yield monkeypatch
    st.cache_resource.clear()  # closes the pages' connections


def warned(app: AppTest) -> list[str]:
    """What the page says of words that it does not know."""
    texts = [str(each.value).replace("\\", "").replace(JOINER, "") for each in app.warning]
    return [text for text in texts if "is shown instead" in text]


@pytest.mark.parametrize(
    "chooser", PLACES | BY_LINK, ids=lambda each: f"{each.module}-{each.parameter}"
)
def test_an_unknown_word_is_named_with_what_is_shown_instead(
    at: pytest.MonkeyPatch, priced: str, closed: str, chooser: Chooser
) -> None:
    page, more = (PLACES | BY_LINK)[chooser]
    at.setenv("API_URL", closed if page == "invoices" else priced)
    known = opened(page, **more)
    assert not known.exception
    assert warned(known) == []
    app = opened(page, **more, **{chooser.parameter.value: UNKNOWN})
    assert not app.exception
    (text,) = warned(app)
    assert text.startswith("**")
    assert UNKNOWN in text
    said = text.removesuffix(" is shown instead.")
    assert said != text
    assert said.partition("**: ")[2], "it says what it shows"
