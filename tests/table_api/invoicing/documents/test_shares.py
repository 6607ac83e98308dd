"""Sums by person and by model, and the price of a line."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from table_api.invoicing.documents.document import Document
from table_api.invoicing.documents.shares import by_model, by_person, list_price
from table_api.invoicing.focus.units import FOCUS_UNITS


def test_people_and_models_add_up_to_the_document(invoice: Document) -> None:
    for shares in (by_person(invoice), by_model(invoice)):
        assert len(shares) > 3
        assert sum(share.amount for share in shares) == Decimal(invoice.totals.amount)
        assert sum(share.amount_unrounded for share in shares) == Decimal(
            invoice.totals.amount_unrounded
        )
        assert sum(share.lines for share in shares) == len(invoice.lines)
    dearest = [share.amount_unrounded for share in by_person(invoice)]
    assert dearest == sorted(dearest, reverse=True)


@pytest.mark.parametrize(
    ("unit", "quantity", "amount", "price"),
    [
        ("input", 1_800_000, "0.72", "0.4 per 1M"),
        ("output", 3, "0.0000048", "1.6 per 1M"),
        ("audio_ms", 90_000, "0.009", "0.006 per minute"),
        ("image", 7, "0.28", "0.04 per image"),
        ("web_search", 3, "0.03", "10 per 1K"),
        ("input", 3, "0.00001", "3.333333 per 1M"),
        ("input", -2_000_000, "-0.8", "0.4 per 1M"),
        ("input", 0, "0.5", None),
        ("input", 100_000, "-0.04192", None),
        ("input", -100_000, "0.04192", None),
        ("input", 5, "0", "0 per 1M"),
    ],
)
def test_the_list_price_of_a_line(
    invoice: Document, unit: str, quantity: int, amount: str, price: str | None
) -> None:
    line = replace(invoice.lines[0], unit=unit, quantity=quantity, list=amount)
    assert list_price(line) == price


def test_what_is_not_priced_by_the_million_has_a_word_of_its_own(invoice: Document) -> None:
    for unit, of_focus in FOCUS_UNITS.items():
        line = replace(invoice.lines[0], unit=unit.value, quantity=1_000_000, list="1")
        price = list_price(line)
        assert price is not None
        assert price.endswith("per 1M") == (of_focus.per_pricing == 1_000_000), unit
