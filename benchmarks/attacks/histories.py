"""Random histories against an independent sum: `python -m benchmarks.attacks.histories`.

Some months of calls, corrections, moves, books, runs, imports of people and closes, in any order.
After each close and in the end, cells, API, invoices, FOCUS rows and verification must agree with
the oracle (`history_truth`) to the pico-unit.
"""

import argparse
import asyncio
import random
import sys
from collections import Counter
from dataclasses import dataclass, field

from benchmarks.attacks.history_compare import Comparison
from benchmarks.attacks.history_ledger import LedgerUnderTest
from benchmarks.attacks.history_steps import Close, History, Stage, tell

DIFFERENCES_SHOWN_MAX = 20


@dataclass(slots=True)
class Told:
    """One history that was told to its end."""

    number: int
    zone: str
    currencies: tuple[str, str]
    calls: int = 0
    rows: int = 0
    compared: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)


async def tell_history(seed: int, number: int) -> Told:
    """One history, compared at each close and in the end; the first difference ends it."""
    history = History(random.Random(f"{seed}/{number}"))
    ledger = LedgerUnderTest(history)
    told = Told(number, history.zone, history.currencies)
    for step in history.steps():
        tell(history.truth, step)
        if isinstance(step, Stage):
            history.staged()
        await ledger.do(step)
        told.steps[type(step).__name__] += 1
        if isinstance(step, Close) and await _differ(history, ledger, told):
            break
    else:
        await _differ(history, ledger, told)
    told.calls = sum(1 for _ in history.truth.counted())
    told.rows = sum(map(len, history.truth.chains.values()))
    return told


async def _differ(history: History, ledger: LedgerUnderTest, told: Told) -> bool:
    comparison = Comparison(history.truth, ledger)
    await comparison.run()
    told.compared += comparison.compared
    told.differences += comparison.differences
    return bool(told.differences)


async def attack(seed: int, count: int) -> list[Told]:
    """The histories of a seed, one after another."""
    return [await tell_history(seed, number) for number in range(count)]


def main() -> int:
    """1 when a history differs from its oracle."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.attacks.histories", description=__doc__
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    options = parser.parse_args()
    found = asyncio.run(attack(options.seed, options.count))
    wrong = [(each, text) for each in found for text in each.differences]
    for each, text in wrong[:DIFFERENCES_SHOWN_MAX]:
        print(f"history {each.number}, {each.zone}, {each.currencies}: {text}")
    steps = sum((each.steps for each in found), Counter())
    named = ", ".join(f"{count} {name}" for name, count in steps.most_common())
    calls, rows = sum(each.calls for each in found), sum(each.rows for each in found)
    compared = sum(each.compared for each in found)
    print(f"{len(found)} histories, seed {options.seed}: {calls} calls in {rows} rows, {named}")
    print(f"{compared} sums compared, {len(wrong)} differ")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
