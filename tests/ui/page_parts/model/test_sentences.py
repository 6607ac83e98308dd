"""The sentences on top of the pages of models: a charge that nobody knows is not 0."""

from datetime import date
from decimal import Decimal

import pytest
from msgspec.structs import replace

from ui.api.usage_answers import Cost, Totals, Usage, UsageRow
from ui.page_parts.model import one_model, overview
from ui.period import DAY

DAY_ONE = date(2026, 11, 1)
FREE = Cost(list=Decimal(0), contracted=Decimal(0), charge=Decimal(0))
CHARGED = Cost(list=Decimal(2), contracted=Decimal(2), charge=Decimal(2))


def row(cost: Cost | None, *, model: str | None = None, **counts: int) -> UsageRow:
    known = UsageRow(
        calls=5,
        errors=0,
        unpriced_calls=0,
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units={},
        cost=cost,
        model=model,
    )
    return replace(known, **counts)


def of_one(totals: Totals) -> str:
    usage = Usage(
        first=DAY_ONE, until=DAY_ONE + DAY, zone="UTC", currency="USD", data=[], totals=totals
    )
    return one_model.sentence(usage)


@pytest.mark.parametrize(
    ("totals", "begins", "ends"),
    [
        (row(FREE, unpriced_calls=4), "**Not priced yet** for 5 calls", "0 % of them errors."),
        (row(FREE, no_usage_calls=4), "**Usage unknown** for 5 calls", "0 % of them errors."),
        (row(FREE), "**Nothing charged** for 5 calls", "0 % of them errors."),
        (
            row(CHARGED, unpriced_calls=3, excluding_calls=1),
            "**2.00 USD** for 5 calls",
            "In no charge, or not wholly: 3 calls without a price, 1 call charged in part.",
        ),
        (row(CHARGED, no_usage_calls=1, failed_calls=1), "**2.00 USD**", "0 % of them errors."),
    ],
)
def test_one_model_says_what_its_charge_lacks(totals: Totals, begins: str, ends: str) -> None:
    said = of_one(totals)
    assert said.startswith(begins)
    assert said.endswith(ends)


def test_a_model_that_is_free_is_not_the_dearest_of_those_without_a_price() -> None:
    rows = [row(FREE, model="cached", calls=1), row(None, model="new", calls=40, unpriced_calls=40)]
    totals = row(FREE, calls=41, unpriced_calls=40)
    said = overview.sentence(rows, [None, None], totals, "USD")
    assert said == "**No model has a charge: not priced yet.** new has 40 calls."


def test_the_dearest_model_is_named_with_the_calls_that_nobody_can_rank() -> None:
    rows = [row(CHARGED, model="old"), row(None, model="new", calls=1, unpriced_calls=1)]
    said = overview.sentence(rows, [None, None], row(CHARGED, calls=6, unpriced_calls=1), "USD")
    assert said == (
        "**old costs most: 2.00 USD**. In no charge, or not wholly: 1 call without a price."
    )
