"""The invoices page as its script runs, over the real API with two closed months."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread

import httpx
import pytest
import streamlit as st
import uvicorn
from streamlit.testing.v1 import AppTest

from table_api.consumer_state.groups import DEFAULT_GROUPS
from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.verbs.serve import KEEP_ALIVE_S
from tests.fixtures.billing import (
    ANN,
    BOB,
    EVE,
    NOVEMBER,
    OCTOBER,
    SALES,
    SEARCH,
    Billing,
    open_billing,
    people,
)
from tests.fixtures.listening import listening
from tests.paths import ROOT
from tests.table_api.invoicing.closing.test_missing_events import add, letter, lose
from tests.ui.lists import links, lists
from tests.ui.stand import Stand
from ui.api.client import Client
from ui.api.transport import http_transport
from ui.format import JOINER
from ui.page_parts.document import preview

APP = ROOT / "ui/streamlit_app.py"
RUN_TIMEOUT_S = 30
DECEMBER_5 = datetime(2026, 12, 5, tzinfo=UTC)


async def closed_months() -> Billing:
    billing = await open_billing(MemoryTableStorage(), MemoryBlobStore())
    await billing.post(30, date(2026, 10, 1))
    await billing.post(20, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
    await billing.post(1, date(2026, 10, 31), subject=EVE, usage=None)
    await billing.close(OCTOBER)
    await billing.post(30, date(2026, 10, 1))
    await billing.close(NOVEMBER)
    await billing.post(20, date(2026, 10, 31), subject=BOB, deployment="gpt-4o")
    await billing.post(30, date(2026, 12, 1))
    await billing.post(1, date(2026, 12, 1), subject=EVE, usage=None)
    return billing


@pytest.fixture
def api_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The API on a free port, which is also what the pages are configured with."""
    with served(asyncio.run(closed_months())) as url:
        monkeypatch.setenv("API_URL", url)
        yield url


@contextmanager
def served(billing: Billing) -> Iterator[str]:
    st.cache_data.clear()
    st.cache_resource.clear()
    with listening() as (listener, url):
        app = create_app(billing.storage, billing.blobs, now=lambda: DECEMBER_5)
        server = uvicorn.Server(
            uvicorn.Config(
                app, log_level="warning", access_log=False, timeout_keep_alive=KEEP_ALIVE_S
            )
        )
        thread = Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        yield url
        st.cache_resource.clear()  # closes the pages' connections
        server.should_exit = True
        thread.join()


def opened(**parameters: str) -> AppTest:
    """The page as it stands after its address was opened."""
    app = AppTest.from_file(str(APP), default_timeout=RUN_TIMEOUT_S).run()
    app.switch_page("app_pages/invoices.py")
    for name, value in parameters.items():
        app.query_params[name] = value
    return app.run()


def words(app: AppTest) -> str:
    parts = [
        *app.title,
        *app.caption,
        *app.markdown,
        *app.header,
        *app.info,
        *app.warning,
        *app.error,
    ]
    return "\n".join(str(part.value) for part in parts)


def test_months_and_invoices_are_listed_newest_first(api_url: str) -> None:
    app = opened()
    assert not app.exception
    invoices, months = lists(app)
    assert list(months["Month"]) == ["2026-11", "2026-10"]
    assert "**November 2026: 0.03 USD** in 1 invoice" in words(app)
    assert set(invoices["State"]) == {"issued"}
    assert str(invoices["Closed"][0]).endswith(("CET", "UTC"))
    assert list(invoices["Number"])[:2] == ["INV-000004", "INV-000001"]
    assert list(invoices["Cost centre"])[-1] == "no cost centre"


def test_statements_show_names(api_url: str) -> None:
    app = opened(documents="Statements")
    assert lists(app)[0]["Person"] == ["Ann Árnadóttir"]


def test_a_document_is_found_by_its_number_and_by_the_name_of_its_owner(api_url: str) -> None:
    (number,) = lists(opened(documents="Statements"))[0]["Number"]
    for text in ("ÁRNA", "árnadóttir", str(number).lower()):
        app = opened(documents="Statements", q=text)
        assert not app.exception
        assert lists(app)[0]["Person"] == ["Ann Árnadóttir"]
        assert "The address names what" not in words(app)
    none = opened(documents="Statements", q="zzz")
    assert not none.exception
    assert "No such document here" in words(none)


def test_statements_of_an_earlier_month_are_chosen(api_url: str) -> None:
    app = opened(documents="Statements", month="2026-10")
    assert not app.exception
    assert "Statements of October 2026" in words(app)
    assert "**October 2026: " in words(app)
    assert set(lists(app)[0]["Month"]) == {"2026-10"}
    (chooser,) = (box for box in app.selectbox if box.label == "Month")
    months = ["November 2026", "October 2026"]
    assert (chooser.options, chooser.value) == (months, "2026-10")
    other = opened(documents="Statements", month="2025-01")
    assert "**No statements of 2025\\-01 are here**: November 2026 is shown" in words(other)
    assert "Statements of November 2026" in words(other)


MONTHS = 15


@pytest.fixture(scope="module")
def years() -> Billing:
    """Fifteen closed months, September 2025 the oldest: more than the API lists by itself."""
    return asyncio.run(fifteen_months())


async def fifteen_months() -> Billing:
    billing = await open_billing(MemoryTableStorage(), MemoryBlobStore())
    for count in range(MONTHS):
        month = NOVEMBER.moved(count + 1 - MONTHS)
        await billing.post(30, month.first_day)
        await billing.close(month)
    return billing


@pytest.fixture
def old_url(years: Billing, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with served(years) as url:
        monkeypatch.setenv("API_URL", url)
        yield url


@pytest.mark.parametrize("documents", ["Invoices", "Statements"])
def test_the_documents_of_every_closed_month_can_be_chosen(old_url: str, documents: str) -> None:
    app = opened(documents=documents)
    assert not app.exception
    (chooser,) = (box for box in app.selectbox if box.label == "Month")
    assert chooser.options[-1] == "September 2025"
    first = {"Invoices": ["Newest 13 months"], "Statements": []}[documents]
    assert len(chooser.options) == MONTHS + len(first)
    chooser.set_value("2025-09").run()
    assert not app.exception
    assert app.query_params["month"] == "2025-09"
    listed, months = lists(app)
    assert set(listed["Month"]) == {"2025-09"}
    with httpx.Client(base_url=old_url) as http:
        (oldest,) = Client(http_transport(http)).invoices("invoice", month="2025-09").months
    assert oldest.amount > 0
    assert f"**September 2025: {oldest.amount} USD** in 1" in words(app)
    assert months["Month"][-1] == "2025-09"
    again = opened(documents=documents, month="2025-09")
    assert set(lists(again)[0]["Month"]) == {"2025-09"}


def test_any_two_closed_months_can_be_compared(old_url: str) -> None:
    app = opened(documents="Compare", month="2026-11", against="2025-09")
    assert not app.exception
    assert not app.warning
    (closed,) = lists(app)
    assert list(closed)[1:3] == ["September 2025, USD", "November 2026, USD"]


def test_another_kind_of_documents_drops_the_month(old_url: str) -> None:
    app = opened(documents="Preview", month="2026-12")
    (kinds,) = (group for group in app.button_group if group.label == "Documents")
    kinds.set_value("Statements").run()
    assert not app.exception
    assert not app.warning
    assert dict(app.query_params) == {"documents": "Statements"}


@pytest.mark.parametrize(
    ("before", "documents"),
    [
        ({"order": "documents by Lines, descending"}, "Compare"),
        ({"order": "documents by Lines, descending"}, "Preview"),
        ({"order": "documents by Cost centre, ascending"}, "Statements"),
        ({"documents": "Preview", "order": "cost centres by Lines, ascending"}, "Invoices"),
        ({"documents": "Statements", "q": "ann"}, "Preview"),
        ({"documents": "Statements", "q": "ann"}, "Invoices"),
    ],
)
def test_another_kind_of_documents_drops_what_its_list_was_asked_for(
    api_url: str, before: dict[str, str], documents: str
) -> None:
    app = opened(**before)
    assert not app.warning
    (kinds,) = (group for group in app.button_group if group.label == "Documents")
    kinds.set_value(documents).run()
    assert not app.exception
    assert not app.warning
    assert dict(app.query_params) == {"documents": documents}


def test_another_month_drops_the_order_by_the_one_before(api_url: str) -> None:
    order = "two months by October 2026, USD, descending"
    app = opened(documents="Compare", month="2026-11", against="2026-10", order=order)
    assert not app.warning
    (against,) = (box for box in app.selectbox if box.label == "Compare with")
    against.set_value("2026-12").run()
    assert not app.exception
    assert not app.warning
    assert "order" not in app.query_params
    assert app.query_params["against"] == "2026-12"


@pytest.mark.parametrize("documents", ["Statements", "Invoices"])
def test_months_that_were_closed_without_a_document_are_said_so(
    documents: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    billing = asyncio.run(open_billing(MemoryTableStorage(), MemoryBlobStore()))
    asyncio.run(billing.close(OCTOBER))
    asyncio.run(billing.post(1, date(2026, 12, 1)))
    with served(billing) as url:
        monkeypatch.setenv("API_URL", url)
        app = opened(documents=documents)
    assert not app.exception
    assert not app.error
    assert f"no {documents[:-1].lower()}: no " in words(app)


def test_two_months_are_compared_by_cost_centre(api_url: str) -> None:
    app = opened(documents="Compare")
    assert not app.exception
    assert (
        "**December 2026 (open): 0.20 USD**, which is 0.17 USD more than November 2026."
        in words(app)
    )
    assert "The open month is not over" in words(app)
    (table,) = lists(app)
    rows = dict(zip(table["Cost centre"], table["Difference (USD)"], strict=True))
    assert rows["CC-200 Sales"] == "0.16"
    assert (
        "Without corrections of earlier months (0.03 USD in November 2026, 0.16 USD in December "
        "2026 (open)) it is 0.04 USD more." in words(app)
    )
    late = dict(
        zip(table["Cost centre"], table["Of it corrections in December 2026 (open)"], strict=True)
    )
    assert (late["CC-200 Sales"], rows["CC-200 Sales"]) == ("0.16", "0.16")
    (closed,) = lists(opened(documents="Compare", month="2026-11", against="2026-10"))
    assert list(closed)[1:3] == ["October 2026, USD", "November 2026, USD"]
    assert None in closed["November 2026, USD"]


def test_the_address_of_a_comparison_has_months_alone(api_url: str) -> None:
    old = opened(documents="Compare", month="2026-12 (open)", against="2026-10")
    assert old.query_params["month"] == "2026-12"
    assert "**December 2026 (open): 0.20 USD**" in words(old)
    once_open = opened(documents="Compare", month="2026-11 (open)", against="2026-10")
    assert "**November 2026: 0.03 USD**" in words(once_open)
    assert "than October 2026." in words(once_open)
    assert not once_open.warning


@pytest.mark.parametrize(
    ("month", "against", "said"),
    [
        (
            "2031-01",
            "2026-10",
            "2031-01 to compare**: December 2026 (open) is shown instead.",
        ),
        ("2026-11", "2031", "There is no month 2031 to compare**: October 2026 is shown"),
        (
            "2026-10",
            "2026-10",
            "with itself**: December 2026 (open) is shown instead.",
        ),
    ],
)
def test_another_month_than_that_of_the_address_is_never_shown_silently(
    api_url: str, month: str, against: str, said: str
) -> None:
    app = opened(documents="Compare", month=month, against=against)
    assert not app.exception
    assert said in app.warning[0].value.replace("\\", "").replace(JOINER, "")


def test_an_invoice_shows_its_parts_and_what_it_does_not_hold(api_url: str) -> None:
    app = opened(invoice="INV-000004")
    assert not app.exception
    assert {card.label: card.value for card in app.metric}["Amount"] == "0.03 USD"
    assert [table["Kind"] for table in lists(app) if "Kind" in table] == [["correction"]]
    eve = opened(invoice="INV-000003")
    assert "No line has an amount" in words(eve)
    assert lists(eve)[-1]["Calls"] == ["1 call without usage"]


def test_an_invoice_begins_with_people_and_models(api_url: str) -> None:
    app = opened(invoice="INV-000001")
    people, models, _ = lists(app)
    assert list(people["Person"]) == ["Ann Árnadóttir"]
    assert list(models["Model"]) == ["gpt-4.1-mini"]
    assert "output at 1.6 per 1M" in str(models["List prices (USD)"][0])
    for title in ("Amount (USD)", "Unrounded"):
        sums = [sum(Decimal(str(cell)) for cell in table[title]) for table in (people, models)]
        assert sums[0] == sums[1]
    assert "Of it corrections" not in models, "it has usage alone"


def test_a_models_row_says_what_of_it_no_list_price_is_behind(api_url: str) -> None:
    app = opened(invoice="INV-000004")
    (models,) = [table for table in lists(app) if "List prices (USD)" in table]
    assert models["Of it corrections"] == models["Unrounded"]
    assert list(models["List prices (USD)"]) == [None], "a dash, as for whatever there is none of"
    assert "the quantities at list prices have none of them" in words(app)


def test_a_person_of_an_invoice_leads_to_the_months_that_it_charges(api_url: str) -> None:
    correction, both = opened(invoice="INV-000004"), opened(invoice="INV-000001")
    for app in (correction, both):
        assert "days and calls of 1–31 Oct 2026" in words(app)
        (link,) = links(app, "of each person")
        assert link is not None
        assert "first=2026-10-01&last=2026-10-31" in link


def test_an_open_month_is_previewed_and_said_to_be_no_invoice(api_url: str) -> None:
    app = opened(documents="Preview")
    assert not app.exception
    assert "has a number" in words(app)
    assert "The month is not over" in words(app)
    cards = {card.label: card.value for card in app.metric}
    assert (cards["Amount"], cards["Invoices"]) == ("0.20 USD", "3")
    centres, concerns = lists(app)
    assert list(centres["Cost centre"]) == ["CC-100 Search", "CC-200 Sales", "no cost centre"]
    assert [str(cell) for cell in centres["Of it corrections"]] == ["0.00", "0.16", "0.00"]
    assert list(concerns["Calls"]) == ["1 call without usage"]


def test_a_preview_warns_of_dead_letters_and_lost_events(monkeypatch: pytest.MonkeyPatch) -> None:
    billing = asyncio.run(closed_months())
    assert isinstance(billing.storage, MemoryTableStorage)
    hub = DEFAULT_GROUPS.usage_hub
    asyncio.run(add(billing.storage, [letter(1, datetime(2026, 10, 7, tzinfo=UTC), hub)]))
    asyncio.run(lose(billing.storage, DEFAULT_GROUPS.metering, 10_000))
    with served(billing) as url:
        monkeypatch.setenv("API_URL", url)
        app = opened(documents="Preview")
    assert not app.exception
    letters, lost = (each.value for each in app.warning)
    assert "1 dead letter is open, 0 of them of this month" in letters
    assert "At least 10,000 events of the hubs were never read" in lost
    monkeypatch.setattr(preview, "LETTERS_COUNTED_MAX", 1)
    with served(billing) as url:
        monkeypatch.setenv("API_URL", url)
        letters = opened(documents="Preview").warning[0].value
    assert "At least 1 dead letter is open" in letters


def test_a_preview_that_lists_some_of_those_who_moved_keeps_their_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preview, "REGROUPED_SHOWN_MAX", 1)
    billing = asyncio.run(closed_months())
    moved = [(ANN, "Ann", SALES, "2026-01-01"), (BOB, "Bob", SEARCH, "2026-01-01")]
    asyncio.run(people(billing.storage, moved))
    with served(billing) as url:
        monkeypatch.setenv("API_URL", url)
        app = opened(documents="Preview", order="people by Subject, descending")
    assert not app.exception
    assert "The first 1 of 2 lines." in words(app)
    assert "people cannot be sorted by Subject" in words(app)
    assert "it is not shown whole" in words(app)


def test_a_preview_of_a_month_that_is_not_open_shows_one_that_is(api_url: str) -> None:
    app = opened(documents="Preview", month="2026-10")
    assert not app.error
    assert "**2026\\-10 is no open month**: December 2026 is shown instead." in words(app)


def test_an_invoice_that_is_none_is_said_so(api_url: str) -> None:
    app = opened(invoice="INV-999999")
    assert not app.exception
    assert "Not found" in words(app)


def test_the_client_downloads_what_the_store_holds(api_url: str) -> None:
    with httpx.Client(base_url=api_url) as http:
        client = Client(http_transport(http))
        stored = client.invoice_file("INV-000001", "INV-000001.csv", names=False)
        named = client.invoice_file("INV-000001", "INV-000001.csv", names=True)
        focus = client.invoice_file("2026-10", "invoice_detail.csv", names=False)
    assert "Ann Árnadóttir" in named.decode()
    assert "Ann Árnadóttir" not in stored.decode()
    assert focus.startswith(b"BilledCost")


def test_before_the_first_close_the_page_says_what_makes_one(empty_stand: Stand) -> None:
    app = opened()
    assert not app.exception
    assert "No month is closed yet" in words(app)


def test_closed_months_come_as_files_too(api_url: str) -> None:
    app = opened()
    buttons = [each.proto.id for each in app.get("download_button")]
    for ending in ("csv", "xlsx"):
        assert any(each.endswith(f"export_closed months_{ending}") for each in buttons)
