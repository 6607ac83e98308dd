"""Discounts and mark-ups in words. Pure."""

from decimal import Decimal

from ui.api.price_answers import Adjustment
from ui.format import exact_amount, exact_number, unit

EVERY_CALL = "every call"
STEPS = {
    "list": "no price per call",
    "contracted": "list price → agreed price",
    "charge": "agreed price → charge",
}
"""What a rule's layer is to a person."""


def what_it_does(rule: Adjustment) -> str:
    """ "12 % discount", "3 % mark-up", "input at 1.5 USD per million", "free"."""
    if rule.kind == "multiply" and rule.factor is not None:
        return _factor(rule.factor)
    if rule.kind == "minimum" and rule.amount is not None:
        return f"at least {exact_amount(rule.amount, rule.currency)} per call"
    if rule.kind == "fixed":
        rates = [f"{unit(name)} at {exact_number(rate)}" for name, rate in rule.per_million.items()]
        return f"fixed: {', '.join(rates)} {rule.currency} per million"
    return f"free: {rule.note}" if rule.note else "free"


def _factor(factor: Decimal) -> str:
    if factor == 1:
        return "no change"
    percent = exact_number(abs(factor - 1) * 100)
    return f"{percent} % {'discount' if factor < 1 else 'mark-up'}"


def for_whom(rule: Adjustment) -> str:
    """ "provider azure, cost centre 4711 or 4712"."""
    parts = [f"{unit(name)} {' or '.join(values)}" for name, values in sorted(rule.matches.items())]
    return ", ".join(parts) or EVERY_CALL
