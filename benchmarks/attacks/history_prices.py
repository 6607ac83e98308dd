"""Price books of random histories, as TOML for the product, and what a call costs by them.

Imports no product: amounts are worked out here once more, by the rules of docs/pricing.md.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

LAYERS = ("list", "contracted", "charge", "billed")
UNITS = ("input", "cache_read", "output")
"""In the order of docs/tables.md, which decides who gets a rest of equal size."""
MODELS = {"chat": "chat-model", "small": "small-model", "embed": "embed-model", "lab": "lab-model"}
"""Models by deployment. Some books do not know the last one."""
CENTRES = ("CC-1", "CC-2", "CC-3")
CURRENCIES = (
    ("USD", "USD"), ("USD", "EUR"), ("USD", "JPY"), ("USD", "KWD"), ("JPY", "JPY"), ("KWD", "KWD"),
)  # fmt: skip
"""Pricing and billing currency."""
MINOR_DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}
RATES = {"EUR": "0.86234", "JPY": "151.437", "KWD": "0.30712"}

Amounts = dict[str, dict[str, int]]
"""Pico-units by unit and layer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """One price book."""

    number: int
    pricing: str
    billing: str
    rates: Mapping[str, Mapping[str, int]]
    """Pico-units of a unit, by model and unit."""
    discounts: Mapping[str, Fraction]
    """Factor by model: list → contracted."""
    markups: Mapping[str, Fraction]
    """Factor by cost centre: contracted → charge."""
    minimum: int
    """Of one call in pico-units; 0 is none."""
    fx: Sequence[tuple[datetime, Fraction]]
    """Rates into the billing currency from a time on; empty where it is the same."""

    def knows(self, deployment: str) -> bool:
        """Whether an alias says which model it is."""
        return MODELS[deployment] in self.rates

    def amounts(
        self, deployment: str, counts: Mapping[str, int], centre: str | None, time: datetime
    ) -> Amounts:
        """What a call of a known deployment costs."""
        model = MODELS[deployment]
        units = [unit for unit in UNITS if counts.get(unit)]
        layers = {"list": [counts[unit] * self.rates[model][unit] for unit in units]}
        layers["contracted"] = _scaled(layers["list"], self.discounts.get(model))
        charge = _scaled(layers["contracted"], self.markups.get(centre or ""))
        if sum(charge) < self.minimum:
            charge = spread(self.minimum, charge)
        layers["charge"] = charge
        layers["billed"] = _scaled(charge, self._rate(time))
        return {
            unit: {layer: layers[layer][place] for layer in LAYERS}
            for place, unit in enumerate(units)
        }

    def _rate(self, time: datetime) -> Fraction | None:
        found = [rate for since, rate in self.fx if since <= time]
        return found[-1] if found else None


def half_even(amount: Fraction) -> int:
    """The nearest whole number; of two the even one."""
    return round(amount)


def spread(total: int, weights: Sequence[int]) -> list[int]:
    """By largest remainder; equal ones to the earlier part. All to the first without weights."""
    whole = sum(weights)
    if not whole:
        return [total, *[0] * (len(weights) - 1)]
    exact = [Fraction(total * weight, whole) for weight in weights]
    parts = [each.numerator // each.denominator for each in exact]
    by_rest = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in by_rest[: total - sum(parts)]:
        parts[place] += 1
    return parts


def _scaled(amounts: Sequence[int], factor: Fraction | None) -> list[int]:
    if factor is None:
        return list(amounts)
    return spread(half_even(sum(amounts) * factor), amounts)


def make_prices(
    dice: random.Random, number: int, currencies: tuple[str, str], year: int, lab: bool
) -> Prices:
    """A book with odd prices and factors."""
    pricing, billing = currencies
    models = [model for deployment, model in MODELS.items() if lab or deployment != "lab"]
    fx: list[tuple[datetime, Fraction]] = []
    if pricing != billing:
        base = Fraction(RATES[billing])
        fx = [
            (datetime(since, month, 1, tzinfo=UTC), base + Fraction(since * 100 + month, 10**6))
            for since in (year - 1, year, year + 1)
            for month in range(1, 13)
        ]
    return Prices(
        number=number,
        pricing=pricing,
        billing=billing,
        rates={model: {unit: dice.randrange(1, 90_000_001) for unit in UNITS} for model in models},
        discounts={
            model: Fraction(dice.randrange(5_000, 10_000), 10_000)
            for model in models
            if dice.random() < 0.6
        },
        markups={
            centre: Fraction(dice.randrange(10_000, 13_000), 10_000)
            for centre in CENTRES
            if dice.random() < 0.6
        },
        minimum=dice.choice([0, 0, 10**9]),
        fx=fx,
    )


def as_toml(prices: Prices) -> str:
    """The rule file that says the same. Every id holds the book's number."""
    parts = [
        f'[book]\npricing_currency = "{prices.pricing}"\nbilling_currency = "{prices.billing}"\n'
    ]
    name = f"b{prices.number}"
    for deployment, model in MODELS.items():
        if model in prices.rates:
            parts.append(
                f'[[deployment]]\nname = "{deployment}"\nprovider = "azure"\nmodel = "{model}"\n'
                'type = "GlobalStandard"\n'
            )
            rates = ", ".join(f'{u} = "{_millionfold(p)}"' for u, p in prices.rates[model].items())
            parts.append(
                f'{_rule(f"{name}.{model}", "base")}currency = "{prices.pricing}"\nunit = "1M"\n'
                f'match = {{ provider = "azure", model = "{model}" }}\n'
                f'source = {{ kind = "contract", checked = 2026-01-01 }}\nrates = {{ {rates} }}\n'
            )
    for model, factor in prices.discounts.items():
        parts.append(
            f'{_rule(f"{name}.discount.{model}", "multiply")}layer = "contracted"\n'
            f'factor = "{_decimal(factor)}"\nmatch = {{ model = "{model}" }}\n'
        )
    for centre, factor in prices.markups.items():
        parts.append(
            f'{_rule(f"{name}.markup.{centre}", "multiply")}layer = "charge"\norder = 10\n'
            f'factor = "{_decimal(factor)}"\nmatch = {{ cost_centre = ["{centre}"] }}\n'
        )
    if prices.minimum:
        amount = _decimal(Fraction(prices.minimum, 10**12))
        parts.append(
            f'{_rule(f"{name}.minimum", "minimum")}scope = "call"\norder = 20\n'
            f'currency = "{prices.pricing}"\namount = "{amount}"\n'
        )
    return "\n".join([*parts, *_fx_rules(prices)])


def _fx_rules(prices: Prices) -> list[str]:
    rules = []
    for place, (since, rate) in enumerate(prices.fx):
        end = prices.fx[place + 1][0] if place + 1 < len(prices.fx) else None
        until = f"valid_to = {end:%Y-%m-%dT%H:%M:%SZ}\n" if end else ""
        rules.append(
            f'[[rule]]\nid = "b{prices.number}.fx.{since:%Y-%m}"\nkind = "fx"\n'
            f'pair = "{prices.pricing}-{prices.billing}"\nrate = "{_decimal(rate)}"\n'
            f"valid_from = {since:%Y-%m-%dT%H:%M:%SZ}\n{until}"
            'source = { kind = "contract", checked = 2026-01-01 }\n'
        )
    return rules


def _rule(rule_id: str, kind: str) -> str:
    return f'[[rule]]\nid = "{rule_id}"\nkind = "{kind}"\nvalid_from = 2015-01-01T00:00:00Z\n'


def _millionfold(pico: int) -> str:
    """Pico-units of one token as units of currency for a million."""
    return _decimal(Fraction(pico, 10**6))


def _decimal(number: Fraction) -> str:
    scaled = number * 10**12
    whole, rest = divmod(scaled.numerator // scaled.denominator, 10**12)
    return f"{whole}.{rest:012d}"
