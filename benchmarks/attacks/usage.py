"""Usage objects of every provider against the product: `python -m benchmarks.attacks.usage`.

Each goes through the very code path of metering, from an event's bytes to a priced call, and is
judged by the grammar's own sum.
"""

import argparse
import json
import random
import sys
from collections import Counter
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from benchmarks.attacks.usage_case import NOT_PRICED, NOTHING, PRICED, PRICES, UNPRICED, Case
from benchmarks.attacks.usage_grammar import make_case
from pricing_rules.decoding.invalid_event import InvalidEvent
from pricing_rules.decoding.usage_event import decode
from pricing_rules.engine.rating import rate
from pricing_rules.money import PICO_PER_UNIT
from pricing_rules.price_book.book import Book, load_book
from pricing_rules.types import CallState, PricedCall
from pricing_rules.units import Unit

TIME = datetime(2026, 11, 20, 10, tzinfo=UTC)
PRICED_PERCENT_MIN = 60
FAILURES_SHOWN_MAX = 20
_BOOK = """
[[deployment]]
name = "attacked"
provider = "attack"
model = "every-unit"
type = "GlobalStandard"

[[rule]]
id = "attack.every-unit"
kind = "base"
valid_from = 2026-01-01T00:00:00Z
currency = "USD"
unit = "1M"
match = { provider = "attack", model = "every-unit" }
source = { kind = "contract", checked = 2026-11-01 }
"""


def attack(seed: int, count: int) -> tuple[Counter[str], list[str]]:
    """What became of the cases, and those that went wrong."""
    dice, book = random.Random(seed), _book()
    outcomes: Counter[str] = Counter()
    failures: list[str] = []
    for number in range(count):
        case = make_case(dice)
        outcome, why = _judge(case, book)
        outcomes[outcome] += 1
        if why is not None:
            shown = json.dumps(case.usage)[:300]
            failures.append(f"#{number} {case.form} {case.operators}: {why}: {shown}")
    return outcomes, failures


def _judge(case: Case, book: Book) -> tuple[str, str | None]:
    """What it became, and what is wrong with that."""
    event = decode(_body(case), enqueued_time=TIME)
    if isinstance(event, InvalidEvent):
        wrong = case.verdict != NOT_PRICED or not event.field
        return "dead letter", f"a dead letter, {event.message}" if wrong else None
    priced = rate(event, book)
    if case.verdict == PRICED:
        return priced.state.value, _wrong_sum(case, priced)
    if case.verdict == NOTHING:
        wrong = event.usage is not None
        return priced.state.value, f"has usage {event.usage}" if wrong else None
    silent = priced.state is CallState.PRICED or not priced.reason
    if case.verdict == UNPRICED and priced.state is not CallState.UNPRICED:
        silent = True
    return priced.state.value, f"{priced.state}, {priced.reason}" if silent else None


def _wrong_sum(case: Case, priced: PricedCall) -> str | None:
    if priced.state is not CallState.PRICED:
        return f"{priced.state}: {priced.reason}"
    cost = Fraction(priced.list, PICO_PER_UNIT)
    return None if cost == case.cost else f"costs {cost}, expected {case.cost}"


def _body(case: Case) -> bytes:
    data = {
        "stream": False,
        "status": 200,
        "operation": case.operation,
        "deployment": "attacked",
        "usage": case.usage,
    }
    event = {
        "specversion": "1.0",
        "type": "llm.call.v1",
        "id": "attack",
        "source": "attack",
        "time": TIME.isoformat(),
        "subject": "attacker",
        "data": data,
    }
    return json.dumps(event).encode()


def _book() -> Book:
    def per_million(price: Fraction) -> str:
        return f"{price.numerator / price.denominator:f}"

    per_hour = PRICES["audio_ms"] * 3_600_000 / 1_000_000
    rates = ", ".join(
        f'{unit} = "{per_million(price)}"' for unit, price in PRICES.items() if unit != "audio_ms"
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "attack.toml"
        path.write_text(f"{_BOOK}rates = {{ {rates} }}\n", encoding="utf-8")
        book = load_book([path])
    return _with_audio(book, per_hour)


def _with_audio(book: Book, per_hour: Fraction) -> Book:
    """A rule is per million or per hour; this one needs both."""
    pico = int(per_hour * PICO_PER_UNIT / 3_600_000)
    cards = tuple(
        replace(
            card,
            tiers=tuple(
                replace(tier, rates={**tier.rates, Unit.AUDIO_MS: pico}) for tier in card.tiers
            ),
        )
        if card.id == "attack.every-unit"
        else card
        for card in book.content.cards
    )
    return Book(replace(book.content, cards=cards), book.sources)


def main() -> int:
    """1 when a case went wrong or too few were priced."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.attacks.usage", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    outcomes, failures = attack(options.seed, options.count)
    for failure in failures[:FAILURES_SHOWN_MAX]:
        print(failure)
    of_all = ", ".join(f"{number} {outcome}" for outcome, number in outcomes.most_common())
    print(f"{options.count} usage objects, seed {options.seed}: {of_all}; {len(failures)} wrong")
    enough = outcomes["priced"] * 100 >= options.count * PRICED_PERCENT_MIN
    return 0 if enough and not failures else 1


if __name__ == "__main__":
    sys.exit(main())
