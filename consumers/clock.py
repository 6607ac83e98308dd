"""The consumers' clock."""

from datetime import UTC, datetime


def now_utc() -> datetime:
    """Aware."""
    return datetime.now(UTC)
