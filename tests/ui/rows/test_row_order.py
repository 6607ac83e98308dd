"""Rows in the order of a column: as people sort, with rows without a value last."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ui.rows.row_order import positions


@pytest.mark.parametrize(
    ("cells", "least_first"),
    [
        ([Decimal("0.5"), None, Decimal(-2), 10, Decimal("9.99")], [2, 0, 4, 3, 1]),
        ([date(2026, 11, 2), date(2026, 10, 30), None], [1, 0, 2]),
        (["unit 10", "Unit 9", None, "unit 1"], [3, 1, 0, 2]),
        (["zebra", "Ärger", "apple", "Öl", "oak"], [2, 1, 4, 3, 0]),
        ([3, 3, 1, 3], [2, 0, 1, 3]),
        ([None, None], [0, 1]),
        ([], []),
    ],
)
def test_rows_are_sorted_by_a_column(cells: list[Any], least_first: list[int]) -> None:
    assert positions(cells, descending=False) == least_first


def test_rows_without_a_value_are_last_and_equal_ones_stay_also_from_the_most() -> None:
    assert positions([1, None, 5, 1], descending=True) == [2, 0, 3, 1]
    assert positions(["b", None, "A"], descending=True) == [0, 2, 1]
