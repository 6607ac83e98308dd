"""What the tables must contain: the bodies that were sent, each call once, priced from the books'
text.

It uses no code of the decoder, the rating engine or the ledger; integers and Decimal only.
"""

import json
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from benchmarks.faults.workload import STARTED
from tests.fixtures.calls import DEMO_BOOK

BOOKS = Path(__file__).parents[2] / "pricing_rules/books"
PICO_PER_UNIT = 10**12
TOKENS_PER_RATE = 10**6
"""The rules used here are per million tokens."""


Key = tuple[str, str, str]
"""Subject, day as in ISO 8601, model."""


@dataclass(slots=True)
class Totals:
    """What calls add up to; `charge` in pico-units of USD."""

    calls: int = 0
    input: int = 0
    cache_read: int = 0
    output: int = 0
    charge: int = 0

    def add(self, other: "Totals") -> None:
        """Column by column."""
        self.calls += other.calls
        self.input += other.input
        self.cache_read += other.cache_read
        self.output += other.output
        self.charge += other.charge


@dataclass(frozen=True, slots=True)
class Truth:
    """The calls that were sent, and their totals."""

    call_ids: frozenset[str]
    totals: Mapping[Key, Totals]


def truth_of(bodies: Iterable[bytes]) -> Truth:
    """The truth of some bodies; bodies may repeat, since a call is its id."""
    models, prices = _models(), _prices()
    seen: set[str] = set()
    totals: defaultdict[Key, Totals] = defaultdict(Totals)
    for body in bodies:
        event = json.loads(body)
        if event["id"] in seen:
            continue
        seen.add(event["id"])
        model = models[event["data"]["deployment"]]
        key = (event["subject"], event["time"][:10], model)
        totals[key].add(_call(event["data"]["usage"], prices[model]))
    return Truth(frozenset(seen), dict(totals))


def _call(usage: Mapping[str, Any], rates: Mapping[str, Decimal]) -> Totals:
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    tokens = {
        "input": usage["prompt_tokens"] - cached,
        "cache_read": cached,
        "output": usage["completion_tokens"],
    }
    charge = sum(rates[unit] * tokens[unit] for unit in tokens) * PICO_PER_UNIT / TOKENS_PER_RATE
    if charge != int(charge):
        raise ArithmeticError(f"{charge} pico-units for {usage}: the check rounds nothing")
    return Totals(calls=1, charge=int(charge), **tokens)


def _models() -> dict[str, str]:
    """Deployment → model, from the demonstration's book."""
    aliases = tomllib.loads(DEMO_BOOK.read_text())["deployment"]
    return {alias["name"]: alias["model"] for alias in aliases}


def _prices() -> dict[str, dict[str, Decimal]]:
    """Model → rates of the rule that is valid at the start, as the books write them."""
    rules = [
        rule
        for book in BOOKS.glob("*.toml")
        for rule in tomllib.loads(book.read_text()).get("rule", ())
        if rule["match"].get("deployment") == ["GlobalStandard"]
        and rule["match"].get("service_tier") == "default"
        and rule["unit"] == "1M"
        and rule["valid_from"] <= STARTED
        and rule.get("rates", {}).keys() >= {"input", "cache_read", "output"}
    ]
    return {
        rule["match"]["model"]: {unit: Decimal(rate) for unit, rate in rule["rates"].items()}
        for rule in sorted(rules, key=lambda rule: rule["valid_from"])
    }
