"""What became of a call that was posted, or of a change to one that stands, and who hears of it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from table_api.ledger.entries import LedgerEntry


class Outcome(StrEnum):
    """What became of one call."""

    POSTED = "posted"
    CORRECTED = "corrected"
    """The next row of its chain was written: a stronger report, or what a re-rating run wants."""
    DUPLICATE = "duplicate"
    """The chain holds it already."""
    LEFT_ALONE = "left alone"
    """The chain has gone on since a re-rating run saw it; never of a report."""
    REFUSED = "refused"
    """Storage refuses this call's rows for ever; the caller dead-letters it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostResult:
    """Outcome of one call; `mismatch` when it contradicts a report of equal rank."""

    outcome: Outcome
    mismatch: bool = False
    reason: str | None = None
    standing: LedgerEntry | None = None
    """Of a duplicate that was looked up: the last row of its chain."""


Touched = Callable[[str, str, int], None]
"""Gets (partition, cell, revision) of every cell that was changed or found to hold a call."""
ChangedCall = Callable[[str], None]
"""Gets the entry key of a call that was changed or found: one at least of each ten minutes."""


def _nobody_listens(*_: object) -> None:
    pass


class Listeners(NamedTuple):
    """Who follows what is posted."""

    touched: Touched = _nobody_listens
    changed_call: ChangedCall = _nobody_listens


NOBODY = Listeners()
