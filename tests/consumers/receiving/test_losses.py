"""Which sequence numbers are missing."""

import pytest

from consumers.receiving.losses import Loss, losses


@pytest.mark.parametrize(
    ("after", "numbers", "missing"),
    [
        (9, [10, 11], []),
        (9, [11], [Loss(10, 10)]),
        (99, [250, 251, 260], [Loss(100, 249), Loss(252, 259)]),
        (-1, [5], [Loss(0, 4)]),
        (9, [], []),
    ],
)
def test_numbers_between_are_lost(after: int, numbers: list[int], missing: list[Loss]) -> None:
    assert losses(after, numbers) == missing


def test_what_comes_again_opens_no_gap() -> None:
    assert losses(99, [40, 41, 100]) == []
    assert losses(99, [40, 102]) == [Loss(100, 101)]


def test_before_the_first_reading_nothing_was_ours() -> None:
    assert losses(None, [250, 251]) == []
    assert losses(None, [250, 252]) == [Loss(251, 251)]


def test_both_ends_are_lost_events() -> None:
    assert Loss(100, 249).events == 150
