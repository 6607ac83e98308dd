"""When progress is saved: both sides of the interval."""

import pytest

from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy

POLICY = CheckpointPolicy(interval_s=3.0)


@pytest.mark.parametrize(
    ("now", "pending", "due"), [(11.9, 1, False), (12.0, 1, True), (99.0, 0, False)]
)
def test_a_save_is_due_at_the_next_multiple_of_the_interval_when_something_waits(
    now: float, pending: int, due: bool
) -> None:
    assert POLICY.due(now=now, saved_at=10.0, pending=pending) is due


def test_the_wait_ends_when_the_save_is_due() -> None:
    assert POLICY.wait_s(now=11.0, saved_at=10.0, pending=1) == 1.0
    assert POLICY.wait_s(now=20.0, saved_at=10.0, pending=1) == 0.0
    assert POLICY.wait_s(now=20.0, saved_at=10.0, pending=0) is None


def test_partitions_that_saved_at_different_times_are_due_together() -> None:
    for saved_at in (9.0, 10.0, 11.9):
        assert POLICY.due(now=12.0, saved_at=saved_at, pending=1)
        assert not POLICY.due(now=11.9, saved_at=saved_at, pending=1)
