"""What changed most, and why."""

from decimal import Decimal

import pytest

from ui.api.usage_answers import Cost, UsageRow
from ui.figures.movers import movers, reason


def row(charge: str, tokens: int, *, unpriced: int = 0) -> UsageRow:
    money = Decimal(charge)
    return UsageRow(
        calls=1,
        errors=0,
        unpriced_calls=unpriced,
        no_usage_calls=0,
        excluding_calls=0,
        pending_calls=0,
        units={"input": tokens},
        cost=Cost(list=money, contracted=money, charge=money),
    )


def test_the_largest_change_comes_first_whatever_its_sign() -> None:
    found = movers(
        [("up", row("3", 10)), ("same", row("5", 10)), ("new", row("1", 10))],
        [("up", row("1", 10)), ("same", row("5", 10)), ("gone", row("9", 10))],
    )
    assert [(each.name, int(each.change), each.reason) for each in found] == [
        ("gone", -9, "no calls any more"),
        ("up", 2, "a higher cost per token"),
        ("new", 1, "new"),
    ]


@pytest.mark.parametrize(
    ("now", "then", "why"),
    [
        (row("2", 200), row("1", 100), "more tokens"),
        (row("1", 100), row("2", 200), "fewer tokens"),
        (row("1", 100), row("2", 100), "a lower cost per token"),
        (row("4", 200), row("1", 100), "more tokens, a higher cost per token"),
        (row("4", 200, unpriced=1), row("1", 100), "calls without a price differ"),
        (row("4", 0), row("1", 100), "—"),
    ],
)
def test_a_change_is_split_into_tokens_and_cost_per_token(
    now: UsageRow, then: UsageRow, why: str
) -> None:
    assert reason(now, then) == why
