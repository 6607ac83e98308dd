"""Differences as bars: the largest stay, and no difference is lost in the rest."""

from decimal import Decimal

from ui.parts.differences import BARS_MAX, OTHERS, difference_chart, shortened


def test_the_rest_is_one_bar_and_nothing_is_lost() -> None:
    rows = [(f"model {number}", Decimal(number) * (-1) ** number) for number in range(1, 31)]
    shown = shortened(rows)
    assert len(shown) == BARS_MAX
    assert shown[0] == ("model 30", Decimal(30))
    assert shown[-1][0] == OTHERS
    assert sum(value for _, value in shown) == sum(value for _, value in rows)


def test_a_bar_says_its_exact_difference() -> None:
    chart = difference_chart([("m", Decimal("-0.000000000001"))], currency="USD").to_dict()
    (mark,) = chart["datasets"].popitem()[1]
    assert (mark["way"], mark["said"]) == ("less", "−0.000000000001 USD")
