"""When progress is saved: both sides of the interval."""

import pytest

from consumers.checkpoint_policy import CheckpointPolicy

POLICY = CheckpointPolicy(interval_s=3.0)


@pytest.mark.parametrize(
    ("now", "pending", "due"), [(12.9, 1, False), (13.0, 1, True), (99.0, 0, False)]
)
def test_a_save_is_due_after_the_interval_when_something_waits(
    now: float, pending: int, due: bool
) -> None:
    assert POLICY.due(now=now, saved_at=10.0, pending=pending) is due


def test_the_wait_ends_when_the_save_is_due() -> None:
    assert POLICY.wait_s(now=11.0, saved_at=10.0, pending=1) == 2.0
    assert POLICY.wait_s(now=20.0, saved_at=10.0, pending=1) == 0.0
    assert POLICY.wait_s(now=20.0, saved_at=10.0, pending=0) is None
