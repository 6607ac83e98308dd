"""What an invoice says of calls of closed months that got what they lacked."""

from decimal import Decimal
from typing import get_args

from streamlit.testing.v1 import AppTest

from table_api.invoicing.documents.document import Concern
from ui.api.invoice_answers import InvoiceConcern, InvoiceSubtotal
from ui.parts.invoice_parts import GOT, WORDS, settled_lines

PRICED_SINCE = InvoiceConcern(
    concern="unpriced",
    charge_month="2026-10",
    subject="ann",
    name="Ann",
    model="lab-model-x",
    calls=-11,
    estimate=Decimal("-0.0294"),
    basis="mean",
)
CORRECTION = InvoiceSubtotal(
    charge_month="2026-10",
    kind="correction",
    lines=3,
    amount=Decimal("0.11"),
    amount_unrounded=Decimal("0.1133"),
)


def test_calls_that_got_their_price_are_said_with_what_the_month_adds() -> None:
    assert settled_lines([PRICED_SINCE], [CORRECTION], "USD") == [
        "11 calls of October 2026 got their price: the corrections of that month are +0.11 USD "
        "on this invoice."
    ]


def test_every_concern_has_words_for_calls_that_lack_it_and_for_those_that_got_it() -> None:
    assert set(WORDS) == set(GOT) == set(get_args(Concern))


def only_settled() -> None:
    """A page of one concern; the script of an AppTest has its own imports."""
    from tests.ui.parts.test_invoice_parts import PRICED_SINCE  # noqa: PLC0415
    from ui.parts.invoice_parts import show_concerns  # noqa: PLC0415

    show_concerns([PRICED_SINCE], "USD")


def test_no_count_and_no_estimate_is_negative() -> None:
    page = AppTest.from_function(only_settled).run()
    assert not page.exception
    assert not page.dataframe
