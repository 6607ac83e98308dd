"""A tip is shown only where the figures prove it."""

from decimal import Decimal

from ui.api.usage_answers import Cost, Totals, UsageRow
from ui.figures.tips import tips
from ui.figures.unit_cost import per_million


def cost(charge: str) -> Cost:
    return Cost(list=Decimal(charge), contracted=Decimal(charge), charge=Decimal(charge))


def row(model: str, charge: str | None, *, unpriced: int = 0, **units: int) -> UsageRow:
    return UsageRow(
        model=model,
        calls=10,
        errors=0,
        unpriced_calls=unpriced,
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units=units,
        cost=cost(charge) if charge else None,
    )


def told(*rows: UsageRow, errors: int = 0) -> list[str]:
    units: dict[str, int] = {}
    for each in rows:
        for unit, count in each.units.items():
            units[unit] = units.get(unit, 0) + count
    totals = Totals(
        calls=10 * len(rows),
        errors=errors,
        unpriced_calls=sum(each.unpriced_calls for each in rows),
        units=units,
        cost=cost(str(sum((each.charge or Decimal(0) for each in rows), Decimal(0)))),
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
    )
    return tips(totals, rows, currency="USD")


def test_a_dear_model_is_named_with_its_share_of_charge_and_tokens() -> None:
    said = told(row("big", "9", input=100), row("small", "1", input=900))
    assert len(said) == 1
    assert "**big makes up 90.0 % of the charge** (9.00 USD) with 10.0 % of the tokens" in said[0]


def test_most_of_a_charge_is_not_said_to_be_all_of_it() -> None:
    said = told(row("big", "9996", input=100), row("small", "4", input=900))
    assert "**big makes up > 99.9 % of the charge**" in said[0]
    said = told(row("big", "996", input=100), row("small", "4", input=900))
    assert "**big makes up 99.6 % of the charge**" in said[0]


def test_one_model_is_not_compared_with_itself_nor_with_one_without_a_price() -> None:
    assert told(row("big", "9", input=100)) == []
    assert told(row("big", "9", input=100), row("lab", None, unpriced=10, input=900)) == []


def test_the_cache_is_a_tip_only_for_a_model_that_has_one() -> None:
    assert told(row("embed", "1", input=500_000)) == []
    assert told(row("chat", "1", input=5_000, cache_read=10)) == []
    assert told(row("chat", "1", input=100_000, cache_read=50_000)) == []
    said = told(row("chat", "1", input=190_000, cache_read=10_000))
    assert "5.0 % of 200,000 prompt tokens came from the cache" in said[0]


def test_many_errors_are_a_tip_and_few_are_none() -> None:
    assert told(row("chat", "1", input=5), errors=4) == []
    assert "50.0 % of the calls got an error" in told(row("chat", "1", input=5), errors=5)[0]


def test_a_cost_per_million_lacks_no_call() -> None:
    assert per_million(row("chat", "3", input=1_500_000, output=500_000)) == Decimal("1.5")
    assert per_million(row("chat", "3", unpriced=1, input=1_500_000)) is None
    assert per_million(row("chat", "3")) is None
