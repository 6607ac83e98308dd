"""The one rounding: from exact pico-units to whole minor units (cents), lines that add up. Pure."""

from collections.abc import Hashable, Sequence

from pricing_rules.money import PICO_DIGITS, divide_half_even

_NO_DECIMALS = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW"),
        *("PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
_THREE_DECIMALS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""ISO 4217 currencies whose minor unit is not the hundredth."""


def minor_digits(currency: str) -> int:
    """Decimals of an amount on an invoice: 2 for USD, 0 for JPY, 3 for KWD."""
    if currency in _NO_DECIMALS:
        return 0
    return 3 if currency in _THREE_DECIMALS else 2


def pico_per_minor(currency: str) -> int:
    """Pico-units in one minor unit: 10_000_000_000 for a cent."""
    return int(10 ** (PICO_DIGITS - minor_digits(currency)))


def rounded(pico: int, currency: str) -> int:
    """Minor units, half-even."""
    return divide_half_even(pico, pico_per_minor(currency))


def apportion(total: int, exact: Sequence[int], currency: str) -> list[int]:
    """Minor units per line that add up to `total`, by largest remainder.

    `exact` are pico-units; `total` is within one minor unit of their sum, as the rounding of a
    sum and the difference of two roundings are. Each line is then within one minor unit of its
    exact amount. Equal remainders go to the larger amount, then to the earlier line.
    """
    unit = pico_per_minor(currency)
    parts = [amount // unit for amount in exact]
    missing = total - sum(parts)
    order = sorted(
        range(len(parts)), key=lambda index: (-(exact[index] % unit), -abs(exact[index]))
    )
    if missing == -1 and parts and sum(parts) * unit == sum(exact):
        # 1.5 → 2.5 cents, both rounded to 2: a difference of a whole cent is billed by none.
        parts[order[0]] -= 1
        return parts
    if not 0 <= missing <= len(parts):
        raise ValueError(f"{total} minor units do not fit lines of {sum(exact)} pico-units")
    for index in order[:missing]:
        parts[index] += 1
    return parts


def apportion_in_groups(
    total: int, exact: Sequence[int], groups: Sequence[Hashable], currency: str
) -> list[int]:
    """Minor units per line: `total` is spread over the groups, then each group's share over its
    lines. So a group's lines add up to the rounding of the group, within one minor unit.

    `groups` names the group of each line. Lines and groups keep the order of `exact`.
    """
    members: dict[Hashable, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    sums = [sum(exact[index] for index in own) for own in members.values()]
    parts = [0] * len(exact)
    for own, share in zip(members.values(), apportion(total, sums, currency), strict=True):
        of_lines = apportion(share, [exact[index] for index in own], currency)
        for index, part in zip(own, of_lines, strict=True):
            parts[index] = part
    return parts


def format_minor(minor: int, currency: str) -> str:
    """1230 cents → "12.30", 5 → "0.05", -5 → "-0.05"; 7 yen → "7"."""
    digits = minor_digits(currency)
    sign = "-" if minor < 0 else ""
    if not digits:
        return f"{sign}{abs(minor)}"
    whole, rest = divmod(abs(minor), 10**digits)
    return f"{sign}{whole}.{rest:0{digits}d}"
