"""What a re-rating verb is asked for, and the bounds of it."""

from dataclasses import dataclass
from pathlib import Path

BATCH_CALLS_MAX = 500
"""Calls of one batch: about six transactions, between two renewals of the run's lease."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BookChoice:
    """Which price book; the one of PRICE_BOOKS when neither is given."""

    files: tuple[Path, ...] = ()
    """Rule files over the base books."""
    version: str | None = None
    """A book of the archive."""
