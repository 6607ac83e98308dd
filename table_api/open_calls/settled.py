"""The sweeper's evidence for a close: all earlier calls are decided, and that is published."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from table_api.storage.table_storage import Row, Value
from table_api.storage.timestamp import parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """All calls before `before` were settled, and what that decided was published, at `at`."""

    before: datetime
    at: datetime
    timeout: timedelta
    """How long their halves were waited for."""

    @classmethod
    def read(cls, row: Row) -> Self | None:
        """What the sweeper's row says; None while no sweeper has said it."""
        if "settled_before" not in row:
            return None
        return cls(
            before=parse_time(row["settled_before"]),
            at=parse_time(row["settled_at"]),
            timeout=timedelta(milliseconds=int(row["timeout_ms"])),
        )

    def columns(self) -> dict[str, Value]:
        return {
            "settled_before": self.before.isoformat(),
            "settled_at": self.at.isoformat(),
            "timeout_ms": self.timeout // timedelta(milliseconds=1),
        }
