"""When a partition's progress is saved, and when its checkpoint is written. Pure.

All partitions of a process are due at the same moments, the multiples of the interval: what the
first of them writes into `monthly` before its save is written for the others too.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckpointPolicy:
    """By time: a checkpoint per batch would cost more than the batch."""

    interval_s: float

    def due(self, *, now: float, saved_at: float, pending: int) -> bool:
        """Whether `pending` durable events wait since a save at `saved_at` (both in seconds)."""
        return pending > 0 and now >= self._next(saved_at)

    def wait_s(self, *, now: float, saved_at: float, pending: int) -> float | None:
        """How long until a save is due; None when nothing waits for one."""
        if not pending:
            return None
        return max(0.0, self._next(saved_at) - now)

    def _next(self, saved_at: float) -> float:
        if not self.interval_s:
            return saved_at
        return (saved_at // self.interval_s + 1) * self.interval_s
