"""What one modifier does to a call's lines: the total, rounded once, spread over the lines."""

from collections.abc import Sequence

from pricing_rules.money import divide_half_even, format_pico, spread
from pricing_rules.price_book.rate_card import FxRate, Modifier
from pricing_rules.types import Adjustment, Charge


def adjust(
    rule: Modifier, lines: Sequence[Charge], amounts: Sequence[int]
) -> tuple[list[int], Adjustment]:
    """The lines' amounts after the rule, and the evidence of it."""
    before = sum(amounts)
    written = rule.written
    if rule.kind == "multiply":
        after = divide_half_even(before * rule.numerator, rule.denominator)
        adjusted = spread(after, amounts)
    elif rule.kind == "minimum":
        after = max(before, rule.amount)
        adjusted = spread(after, amounts)
    elif rule.kind == "fixed":
        adjusted = _at_fixed_prices(rule, lines, amounts)
        after = sum(adjusted)
        named = [line.unit for line in lines if line.unit in rule.rates]
        written = ", ".join(f"{unit} {format_pico(rule.rates[unit])}" for unit in named)
    else:
        after = 0
        adjusted = [0] * len(amounts)
    return adjusted, Adjustment(
        rule_id=rule.id, layer=rule.layer, factor=written, delta=after - before
    )


def _at_fixed_prices(rule: Modifier, lines: Sequence[Charge], amounts: Sequence[int]) -> list[int]:
    return [
        line.quantity * rule.rates[line.unit] if line.unit in rule.rates else amount
        for line, amount in zip(lines, amounts, strict=True)
    ]


def convert(rate: FxRate, amounts: Sequence[int]) -> tuple[list[int], Adjustment]:
    """The amounts in the billing currency. The delta of fx is the converted total itself."""
    total = divide_half_even(sum(amounts) * rate.numerator, rate.denominator)
    return spread(total, amounts), Adjustment(
        rule_id=rate.id, layer="billed", factor=rate.written, delta=total
    )
