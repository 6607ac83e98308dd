"""What an invoice says of calls of closed months that got what they lacked."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import get_args

import msgspec

from table_api.invoicing.documents.document import Concern
from ui.api.invoice_answers import InvoiceConcern, InvoiceEntry, InvoiceSubtotal
from ui.page_parts.document.parts_of_amount import (
    GOT,
    WORDS,
    amounts_with_currency,
    concern_words,
    kind_of,
    settled_lines,
    still_open,
)

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


def test_a_list_of_concerns_has_no_negative_count_or_estimate() -> None:
    open_still = msgspec.structs.replace(PRICED_SINCE, calls=2, estimate=Decimal("0.005"))
    assert still_open([PRICED_SINCE, open_still]) == [open_still]
    assert settled_lines([open_still], [CORRECTION], "USD") == []


def test_tokens_that_changed_after_a_close_are_on_the_list() -> None:
    changed = msgspec.structs.replace(PRICED_SINCE, calls=0, estimate=Decimal("0.0032"))
    assert still_open([changed]) == [changed]
    assert concern_words(changed) == "calls without a price, with other tokens than before"
    assert settled_lines([changed], [CORRECTION], "USD") == []


def test_every_concern_has_words_for_calls_that_lack_it_and_for_those_that_got_it() -> None:
    assert set(WORDS) == set(GOT) == set(get_args(Concern))


def test_a_correction_that_gives_money_back_is_a_credit() -> None:
    less = msgspec.structs.replace(CORRECTION, amount_unrounded=Decimal("-0.001"))
    assert (kind_of(less), kind_of(CORRECTION)) == ("credit", "correction")


def test_documents_of_two_currencies_have_a_column_of_them() -> None:
    october = InvoiceEntry(
        number="INV-000001",
        kind="invoice",
        month="2026-10",
        issued_at=datetime(2026, 11, 2, tzinfo=UTC),
        cost_centre="CC-100",
        subject=None,
        name=None,
        amount=Decimal("13.00"),
        amount_unrounded=Decimal("13.001"),
        currency="USD",
        lines=1,
    )
    november = msgspec.structs.replace(october, month="2026-11", currency="EUR")
    assert list(amounts_with_currency([october])) == ["Amount (USD)"]
    both = amounts_with_currency([november, october])
    assert list(both) == ["Amount", "Currency"]
    assert list(both["Currency"].cells) == ["EUR", "USD"]
