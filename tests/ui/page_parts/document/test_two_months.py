"""Two months next to each other: what the sentence and the columns say."""

from dataclasses import replace
from decimal import Decimal

from ui.api.invoice_answers import InvoiceSubtotal, PreviewedInvoice
from ui.page_parts.document.comparison import columns_of
from ui.page_parts.document.two_months import (
    BilledMonth,
    amounts_of,
    corrections_of,
    months_against,
    sentence,
)


def billed(month: str, amount: str, currency: str = "USD") -> BilledMonth:
    return BilledMonth(
        month=month, is_open=False, currency=currency, amounts={"CC-100": Decimal(amount)}
    )


def test_amounts_of_two_currencies_are_never_subtracted() -> None:
    october, november = billed("2026-10", "13.00"), billed("2026-11", "12.00", "EUR")
    assert sentence(october, november) == (
        "**November 2026: 12.00 EUR**; October 2026: 13.00 USD. Amounts of two currencies cannot "
        "be subtracted."
    )
    assert list(columns_of(october, november)) == [
        "Cost centre",
        "October 2026, USD",
        "November 2026, EUR",
    ]


def test_equal_sums_are_not_more_and_not_less() -> None:
    october = billed("2026-10", "13.00")
    assert sentence(october, billed("2026-11", "13.00")) == (
        "**November 2026: 13.00 USD**, which is as much as October 2026."
    )
    assert "1.00 USD less than October 2026" in sentence(october, billed("2026-11", "12.00"))


def test_a_credit_of_an_earlier_month_is_no_change_of_what_was_used() -> None:
    october = replace(billed("2026-10", "3607.70"), corrections={"CC-100": Decimal("-53.34")})
    november = billed("2026-11", "3355.48")
    assert sentence(october, november) == (
        "**November 2026: 3,355.48 USD**, which is 252.22 USD less than October 2026. Without "
        "corrections of earlier months (−53.34 USD in October 2026) it is 305.56 USD less."
    )
    assert list(columns_of(october, november))[3:] == [
        "Of it corrections in October 2026",
        "Difference (USD)",
    ]
    unread = replace(october, corrections=None)
    assert "Either amount may have corrections" in sentence(unread, november)


def test_no_difference_is_no_plus_and_has_the_decimals_of_the_currency() -> None:
    october = replace(billed("2026-10", "13.00"), amounts={})
    column = columns_of(october, billed("2026-11", "0.00"))["Difference (USD)"]
    assert column.format is not None
    assert [column.format(cell) for cell in column.cells] == ["0.00"]
    column = columns_of(billed("2026-10", "13.00"), billed("2026-11", "0.00"))["Difference (USD)"]
    assert column.format is not None
    assert [column.format(cell) for cell in column.cells] == ["−13.00"]


def test_a_month_is_compared_with_the_one_before_it() -> None:
    names = ["2026-12", "2026-11", "2026-10", "2026-08"]
    assert months_against("2026-11", names) == ["2026-10", "2026-08", "2026-12"]
    assert months_against("2026-12", names) == names[1:]
    assert months_against("2026-08", names)[0] == "2026-12", "none is before it"


def previewed(cost_centre: str | None, amount: str) -> PreviewedInvoice:
    part = InvoiceSubtotal(
        charge_month="2026-09",
        kind="correction",
        lines=1,
        amount=Decimal(amount),
        amount_unrounded=Decimal(amount),
    )
    return PreviewedInvoice(
        cost_centre=cost_centre,
        amount=Decimal(amount),
        amount_unrounded=Decimal(amount),
        lines=1,
        calls=1,
        subtotals=[part],
        uncharged=[],
    )


def test_a_cost_centre_that_is_called_like_none_is_billed_apart_from_it() -> None:
    """By name, the one of them overwrote the other, and the sum of the month lacked it."""
    invoices = [previewed("no cost centre", "100.00"), previewed(None, "5.00")]
    apart = {"“no cost centre”": Decimal("100.00"), "no cost centre": Decimal("5.00")}
    assert amounts_of(invoices) == apart
    assert corrections_of(invoices) == apart
