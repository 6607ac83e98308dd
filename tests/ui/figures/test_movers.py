"""What changed most, and why."""

from decimal import Decimal

import pytest
from msgspec.structs import replace

from ui.api.usage_answers import Cost, UsageRow
from ui.figures.movers import movers
from ui.figures.reasons import reason


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
        (row("4", 200, unpriced=1), row("1", 100), ""),
        (row("4", 0), row("1", 100), ""),
    ],
)
def test_a_change_is_split_into_tokens_and_cost_per_token(
    now: UsageRow, then: UsageRow, why: str
) -> None:
    assert reason(now, then) == why


def of(model: str, charge: str | None, **units: int) -> UsageRow:
    """Usage of one model; without a charge its calls have no price."""
    found = row(charge or "0", 0, unpriced=charge is None)
    return replace(found, model=model, units=units, cost=found.cost if charge else None)


SMALL, LARGE = of("small", "1", input=100), of("large", "10", input=100)


@pytest.mark.parametrize(
    ("now", "then", "why"),
    [
        pytest.param(
            [of("large", "5", input=50), of("lab", None, input=900)],
            [LARGE, of("lab", None, input=10), of("lab2", None, input=10)],
            "fewer tokens",
            id="tokens without a price are in no charge and no reason",
        ),
        pytest.param(
            [of("small", "0.2", input=20), of("large", "18", input=180)],
            [SMALL, LARGE],
            "a larger share of dearer models",
            id="a model that costs more per token is used more",
        ),
        pytest.param(
            [SMALL, of("new", "30", input=100)],
            [SMALL, of("old", "3", input=100)],
            "a larger share of dearer models",
            id="a dearer model takes the place of another",
        ),
        pytest.param(
            [of("small", "2", input=100), of("large", "20", input=100)],
            [SMALL, LARGE],
            "a higher price",
            id="the same tokens cost more",
        ),
        pytest.param(
            [of("small", "2", input=80, cache_read=20)],
            [of("small", "1", input=20, cache_read=80)],
            "a higher cost per token, cached share 80.0 % → 20.0 %",
            id="less of the prompts is cached",
        ),
        pytest.param(
            [of("small", "2", input=60, output=40)],
            [of("small", "1", input=90, output=10)],
            "a higher cost per token",
            id="other kinds of tokens may be the reason, or the price",
        ),
        pytest.param(
            [of("small", "1.05", input=1000)],
            [of("small", "1", input=996, output=4)],
            "a higher cost per token",
            id="so little may be the kinds of tokens",
        ),
        pytest.param(
            [of("lab", "3", input=10)], [of("lab", None, input=10)], "", id="priced since"
        ),
        pytest.param([of("image", "3", image=3)], [of("image", "1", image=1)], "", id="no tokens"),
    ],
)
def test_models_say_whether_mix_price_or_tokens_changed(
    now: list[UsageRow], then: list[UsageRow], why: str
) -> None:
    assert reason(row("9", 9), row("1", 9), models=(now, then)) == why


def test_one_model_alone_has_no_mix() -> None:
    assert reason(of("small", "2", input=100), SMALL) == "a higher price"


def test_a_charge_that_came_or_went_with_its_price_says_so() -> None:
    priced, lab = of("lab", "3", input=10), of("lab", None, input=10)
    assert reason(lab, priced) == "its calls have no price now"
    assert reason(priced, lab) == "its calls had no price before"
    assert reason(lab, None) == "new"
