"""Whether a call id counts once: the chains that it counts in, and a move that is not done yet.

A report that moves a call is posted at its own address first; then the call is taken out of the
address that the report names. Only these two, and only for a short time, may count together.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from table_api.storage.keys import encode_part
from table_api.storage.table_storage import Row, TableStorage

MOVING_S_MAX = 900
"""How long a move may take: the reversal follows the post within a second, and what a crash left
undone is done by the redelivery of the event."""

CountedAt = tuple[str, str]
"""Subject and time as a call's RowKey has them."""


class _LastRow(NamedTuple):
    """The last row of a chain that counts."""

    partition: str
    row_key: str
    following: str
    """RowKey that the chain's next row would have."""
    replaces: CountedAt | None
    """Where the call was counted before, as the row says."""
    recorded_at: datetime

    @property
    def address(self) -> CountedAt:
        _, subject, _, time, *_ = self.row_key.split("|")
        return subject, time

    def moves_from(self, other: "_LastRow", now: datetime) -> bool:
        """Whether this report took the call from exactly that address, a short time ago."""
        age = now - self.recorded_at
        return self.replaces == other.address and age <= timedelta(seconds=MOVING_S_MAX)


@dataclass(slots=True)
class CountedCalls:
    """Where each call id counts: what the audit's memory goes to."""

    calls: int = 0
    last: dict[str, _LastRow] = field(default_factory=dict)
    doubled: dict[str, list[_LastRow]] = field(default_factory=dict)
    """Ids that count in more chains than one."""

    def add(self, partition: str, row: Row) -> None:
        """A chain counts the call; this is its last row."""
        call_id = str(row["call_id"])
        key = str(row["RowKey"])
        recorded_at = datetime.fromisoformat(str(row["recorded_at"])).astimezone(UTC)
        here = _LastRow(partition, key, _following(key), _replaced(row), recorded_at)
        self.calls += int(row["calls"])
        other = self.last.setdefault(call_id, here)
        if other is not here:
            self.doubled.setdefault(call_id, [other]).append(here)

    async def settle(
        self, storage: TableStorage, now: datetime
    ) -> AsyncIterator[tuple[str, list[str]]]:
        """Ids that still count twice: `moving` or `twice`, and where."""
        for call_id, rows in self.doubled.items():
            still = [
                row
                for row in rows
                if await storage.get("ledger", row.partition, row.following) is None
            ]
            if len(still) < 2:
                continue  # the others were reversed since they were read
            places = [call_id, *(f"{row.partition} {row.row_key}" for row in still)]
            yield ("moving" if _is_move(still, now) else "twice"), places


def _is_move(rows: list[_LastRow], now: datetime) -> bool:
    if len(rows) != 2:
        return False
    one, other = rows
    return one.moves_from(other, now) or other.moves_from(one, now)


def _replaced(row: Row) -> CountedAt | None:
    if "replaced_time" not in row:
        return None
    stamp = str(row["replaced_time"]).replace("-", "").replace(":", "")
    return encode_part(str(row["replaced_subject"])), stamp


def _following(row_key: str) -> str:
    _, _, _, _, _, *correction = row_key.split("|")
    if not correction:
        return f"{row_key}|0001"
    [number] = correction
    return f"{row_key.removesuffix(number)}{int(number) + 1:04d}"
