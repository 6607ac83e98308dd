"""Exact money: integers of pico-units (10⁻¹²) of a named currency. No float, no ambient context.

One pico-dollar per token is one micro-dollar per million tokens, the finest step of any list
price of a token, so a rate is an integer too. 1 USD = 1_000_000_000_000 pico-USD.
"""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction

PICO_DIGITS = 12
PICO_PER_UNIT = 10**PICO_DIGITS


def parse_pico(text: str) -> int:
    """A decimal string ("2.5") as pico-units. ValueError when it is not one or is off the grid."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{text!r} is not a decimal number") from None
    if not amount.is_finite():
        raise ValueError(f"{text!r} is not a finite number")
    pico = Fraction(amount) * PICO_PER_UNIT
    if pico.denominator != 1:
        raise ValueError(f"{text!r} has more than {PICO_DIGITS} decimals")
    return int(pico)


def format_pico(pico: int) -> str:
    """Pico-units as the shortest decimal string: 113_300_000_000 → "0.1133", 0 → "0"."""
    sign = "-" if pico < 0 else ""
    whole, rest = divmod(abs(pico), PICO_PER_UNIT)
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{rest:0{PICO_DIGITS}d}".rstrip("0")


def divide_half_even(numerator: int, denominator: int) -> int:
    """numerator / denominator rounded half-even to an integer. The denominator is positive."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient % 2):
        return quotient + 1
    return quotient


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` over non-negative `weights` by largest remainder; the parts sum to `total`.

    Equal remainders go to the earlier part, so the split is a pure function of its input.
    With no weight at all the whole total falls on the first part.
    """
    whole = sum(weights)
    if not weights or whole < 0:
        raise ValueError(f"cannot spread {total} over weights {list(weights)}")
    if whole == 0:
        return [total] + [0] * (len(weights) - 1)
    parts = []
    remainders = []
    missing = total
    for weight in weights:
        part, remainder = divmod(total * weight, whole)
        parts.append(part)
        remainders.append(remainder)
        missing -= part
    for _ in range(missing):
        largest = remainders.index(max(remainders))
        parts[largest] += 1
        remainders[largest] = -1
    return parts
