"""Ranges of sequence numbers that the hub never delivered: retention took the events. Pure.

A partition's numbers have no gaps in the hub itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Loss:
    """Events that are gone, both ends included."""

    first: int
    last: int

    @property
    def events(self) -> int:
        return self.last - self.first + 1


def losses(after: int | None, sequence_numbers: Iterable[int]) -> list[Loss]:
    """What is missing in ascending numbers that follow `after`; those up to it are known already.

    None: nothing was read before, so that whatever came earlier was never ours.
    """
    found = []
    for number in sequence_numbers:
        if after is not None and number > after + 1:
            found.append(Loss(after + 1, number - 1))
        after = number if after is None else max(after, number)
    return found
