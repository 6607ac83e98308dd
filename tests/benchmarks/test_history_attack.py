"""Random histories agree with their oracle to the pico-unit, and the comparison can fail."""

import random
from dataclasses import replace
from datetime import timedelta

from benchmarks.attacks.histories import attack
from benchmarks.attacks.history_compare import Comparison
from benchmarks.attacks.history_ledger import LedgerUnderTest
from benchmarks.attacks.history_prices import CURRENCIES, spread
from benchmarks.attacks.history_steps import ZONES, Close, History, Stage, tell

COUNT = 3


async def test_random_histories_agree_with_their_oracle() -> None:
    found = await attack(20261130, COUNT)
    assert [text for each in found for text in each.differences] == []
    assert sum(each.calls for each in found) > 60 * COUNT
    assert sum(each.rows for each in found) > sum(each.calls for each in found)
    assert all(each.steps["Close"] == 3 for each in found)


def test_the_same_dice_make_the_same_history() -> None:
    one, other = told_to_the_oracle("7"), told_to_the_oracle("7")
    assert (one.zone, one.truth.chains, one.truth.bills) == (
        other.zone,
        other.truth.chains,
        other.truth.bills,
    )
    assert one.truth.chains != told_to_the_oracle("8").truth.chains


def told_to_the_oracle(seed: str) -> History:
    history = History(random.Random(seed))
    for step in history.steps():
        tell(history.truth, step)
        if isinstance(step, Stage):
            history.staged()
    return history


async def test_a_ledger_that_lacks_one_pico_unit_differs_everywhere() -> None:
    history = History(random.Random("pico"))
    ledger = LedgerUnderTest(history)
    for step in history.steps():
        tell(history.truth, step)
        if isinstance(step, Stage):
            history.staged()
        await ledger.do(step)
        if isinstance(step, Close):
            break
    prices = history.truth.books[1]
    [(model, rates), *_] = prices.rates.items()
    dearer = {**prices.rates, model: {**rates, "output": rates["output"] + 1}}
    history.truth.books[1] = replace(prices, rates=dearer)
    comparison = Comparison(history.truth, ledger)
    await comparison.run()
    said = {text.split(" ")[0] for text in comparison.differences}
    assert {"cells", "usage", "subject", "call", "audited"} <= said


def test_histories_reach_every_zone_and_currency() -> None:
    histories = [History(random.Random(f"1/{number}")) for number in range(50)]
    assert {each.zone for each in histories} == set(ZONES)
    assert {each.currencies for each in histories} == set(CURRENCIES)
    assert {each.first.month for each in histories} == set(range(1, 13))
    assert all(each.months[-1] - each.first > timedelta(days=88) for each in histories)


def test_the_oracle_spreads_by_largest_remainder_and_the_earlier_part_first() -> None:
    assert spread(10, [1, 1, 1]) == [4, 3, 3]
    assert spread(7, [0, 3, 3]) == [0, 4, 3]
    assert spread(5, [0, 0]) == [5, 0]
