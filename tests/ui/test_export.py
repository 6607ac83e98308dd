"""Files of what is on screen: exact, and harmless where names look like formulas."""

import csv
import io
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from ui.export.buttons import exported
from ui.export.files import Sheet, about, csv_file, xlsx_file
from ui.parts.tables import charge_column, share_column
from ui.period import Period

NOVEMBER = Period(first=date(2026, 11, 1), until=date(2026, 12, 1))
SHEET = Sheet(
    name="cost centres",
    columns={
        "Name": ["Ada", "=1+1", None],
        "Charge (USD)": [Decimal("0.000000123456789012"), Decimal(-2), None],
        "Calls": [7, 1, 0],
        "Last active": [date(2026, 11, 30), None, None],
    },
    about=about(NOVEMBER, zone="Europe/Berlin", currency="USD", shown="everything"),
)


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]
)
def test_no_text_of_a_csv_is_run_as_a_formula(start: str) -> None:
    """Spreadsheets of East Asia run the wide forms too."""
    sheet = replace(SHEET, columns={"Name": [f"{start}1"]})
    [row] = csv.DictReader(io.StringIO(csv_file(sheet).decode("utf-8-sig"), newline=""))
    assert row["Name"] == f"'{start}1"


def test_csv_has_every_digit_and_says_days_zone_and_currency() -> None:
    text = csv_file(SHEET).decode("utf-8-sig")
    first, formula, empty = csv.DictReader(io.StringIO(text))
    assert first["Charge (USD)"] == "0.000000123456789012"
    assert first["Last active"] == "2026-11-30"
    assert formula["Name"] == "'=1+1"
    assert formula["Charge (USD)"] == "-2"
    assert empty["Name"] == empty["Charge (USD)"] == ""
    days = (first["From"], first["To"], first["Zone"], first["Currency"])
    assert days == ("2026-11-01", "2026-11-30", "Europe/Berlin", "USD")


def test_workbook_has_numbers_their_exact_text_and_a_sheet_about_them() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_file(SHEET))) as book:
        texts = book.read("xl/sharedStrings.xml").decode()
        lines = book.read("xl/worksheets/sheet1.xml").decode()
    assert "0.000000123456789012" in texts
    assert "Charge (USD), exact text" in texts
    assert "Europe/Berlin" in texts
    assert "<v>-2</v>" in lines
    assert "<f>" not in lines


def test_a_file_is_named_by_what_it_is_and_its_days() -> None:
    assert SHEET.file_name == "cost_centres_2026-11-01_2026-11-30"


def test_a_day_of_a_workbook_is_a_day_and_no_text() -> None:
    with zipfile.ZipFile(io.BytesIO(xlsx_file(SHEET))) as book:
        lines = book.read("xl/worksheets/sheet1.xml").decode()
    assert f"<v>{(date(2026, 11, 30) - date(1899, 12, 30)).days}</v>" in lines


def test_a_name_is_one_that_files_and_sheets_may_have() -> None:
    odd = Sheet(name="run a/b:c", columns={"Name": ["Ada"]}, about=SHEET.about)
    assert odd.file_name == "run_a-b-c_2026-11-01_2026-11-30"
    assert xlsx_file(odd).startswith(b"PK")


def told() -> None:
    """What files of a list of three rows say, as a page: a script of its own."""
    from datetime import date  # noqa: PLC0415

    import streamlit as st  # noqa: PLC0415

    from ui.address import Parameter  # noqa: PLC0415
    from ui.api.usage_answers import Page  # noqa: PLC0415
    from ui.export.buttons import Extent, page_words, said, shown_words  # noqa: PLC0415
    from ui.period import month_of  # noqa: PLC0415

    more = Extent(page=Page(next_cursor="x"), total=70)
    whole = Extent(page=Page(), compared=month_of(date(2026, 10, 5)), order="by charge")
    st.session_state.told = {
        "more": said(more, 3),
        "whole": said(whole, 3),
        "summed": said(Extent(count=2), 3),
        "chosen": said(Extent(rows="the dearest of 9"), 3),
        "name": page_words(more),
        "shown": shown_words(Extent(narrowed_by=(Parameter.FIND,), of={"run": "r7"})),
        "everybody": shown_words(Extent()),
    }


def page_of_files(**parameters: str) -> dict[str, object]:
    app = AppTest.from_function(told)
    for name, value in parameters.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    found: dict[str, object] = app.session_state.told
    return found


def test_a_file_says_which_rows_of_which_list_it_has() -> None:
    first = page_of_files()
    assert first["more"] == {"Rows": "3 of 70, first page of a longer list"}
    assert first["name"] == "first page"
    assert first["whole"] == {
        "Rows": "all 3",
        "Compared with": "1–31 Oct 2026",
        "Order": "by charge",
    }
    assert first["summed"] == {"Rows": "all 2"}
    assert first["chosen"] == {"Rows": "the dearest of 9"}
    assert first["shown"] == "run = r7"
    assert first["everybody"] == "everything that the reader may see"
    later = page_of_files(after="cursor", find="ada", run="old")
    assert later["more"] == {"Rows": "3 of 70, later page of a longer list"}
    assert later["whole"] != first["whole"], "the last page is not the whole list"
    assert later["shown"] == "find = ada, run = r7"
    assert later["everybody"] == "everything that the reader may see", "it obeys none of them"


def test_shares_in_a_file_are_said_to_be_per_cent() -> None:
    title, cells = exported("Share", share_column([Decimal(100) / 3, None]))
    assert (title, list(cells)) == ("Share (%)", [Decimal("33.333333"), None])
    amounts = [Decimal("0.1234567890123")]
    assert exported("Charge (USD)", charge_column(amounts)) == ("Charge (USD)", amounts)


def test_an_empty_list_is_a_file_too() -> None:
    empty = Sheet(name="people", columns={"Name": []}, about=SHEET.about)
    assert csv_file(empty).decode("utf-8-sig").count("\r\n") == 1
    assert xlsx_file(empty).startswith(b"PK")


def test_a_file_has_no_two_columns_of_one_name() -> None:
    """Who reads by the head got the currency of the list in place of the row's own."""
    about = {"From": "2026-10-01", "Currency": "EUR, USD"}
    sheet = Sheet(name="invoices", columns={"Currency": ["EUR", "USD"]}, about=about)
    rows = list(csv.DictReader(csv_file(sheet).decode("utf-8-sig").splitlines()))
    assert [row["Currency"] for row in rows] == ["EUR", "USD"]
    assert {row["Currency of the list"] for row in rows} == {"EUR, USD"}
    assert {row["From"] for row in rows} == {"2026-10-01"}
