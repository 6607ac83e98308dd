"""Files of what is on screen: exact, and harmless where names look like formulas."""

import csv
import io
import zipfile
from datetime import date
from decimal import Decimal

from ui.export.files import Sheet, about, csv_file, xlsx_file
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


def test_an_empty_list_is_a_file_too() -> None:
    empty = Sheet(name="people", columns={"Name": []}, about=SHEET.about)
    assert csv_file(empty).decode("utf-8-sig").count("\r\n") == 1
    assert xlsx_file(empty).startswith(b"PK")
