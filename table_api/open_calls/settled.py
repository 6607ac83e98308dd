"""The sweeper's evidence for a close: all earlier calls are decided, and that is published. But for
those that it could not settle: each has a row until it is settled.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from table_api.errors import Altered, ChangedMeanwhile
from table_api.open_calls.keys import (
    OPEN_CALLS_TABLE,
    SWEEP,
    UNSETTLED_ROWS,
    unsettled_key,
)
from table_api.storage.keys import KeyRange
from table_api.storage.named_rows import naming
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Delete,
    Row,
    TableStorage,
    Upsert,
    Value,
)
from table_api.storage.timestamp import parse_time
from telemetry.log import Log

_log = Log("table_api")


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
        with naming(OPEN_CALLS_TABLE, row):
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


def swept_time(row: Row) -> datetime | None:
    """How far the sweeper's row says that it is; None of a damaged row, which is logged."""
    try:
        with naming(OPEN_CALLS_TABLE, row):
            return parse_time(row["time"])
    except Altered as error:
        _log.error("sweep_unreadable", f"{error}; calls are looked through from the oldest on")
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnsettledCall:
    """A call that pairing could not settle when it was due: a row of it may be damaged."""

    call_id: str
    since: datetime
    until: datetime
    """It is of `since` to `until`: its own time cannot always be read."""


class UnsettledCalls:
    """Their rows. Every method may raise Unavailable: again is the remedy."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def add(self, calls: Iterable[UnsettledCall]) -> None:
        """Keep them. What is kept of one already is written over."""
        rows = [Upsert(unsettled_key(each.call_id), _columns(each)) for each in calls]
        for part in chunks(rows, OPERATIONS_MAX):
            await self._storage.transact(OPEN_CALLS_TABLE, SWEEP[0], part)

    async def after(self, key: str | None, *, calls_max: int) -> dict[str, UnsettledCall | None]:
        """The first ones by their keys, or the first after a key. None stands for a row that cannot
        be read: it keeps no other call from being tried, and `between` names it.
        """
        start = UNSETTLED_ROWS.start if key is None else key + "!"
        rows: list[Row] = []
        pages = self._storage.query(
            OPEN_CALLS_TABLE, SWEEP[0], KeyRange(start, UNSETTLED_ROWS.stop), rows_max=calls_max
        )
        async for page in pages:
            rows.extend(page)
        return {str(row["RowKey"]): _readable(row) for row in rows[:calls_max]}

    async def between(self, start: datetime, stop: datetime) -> list[UnsettledCall]:
        """Those that may be of `start` to `stop` (exclusive). Altered names a damaged row."""
        pages = self._storage.query(OPEN_CALLS_TABLE, SWEEP[0], UNSETTLED_ROWS)
        calls = [_unsettled(row) async for page in pages for row in page]
        return [each for each in calls if each.since < stop and each.until >= start]

    async def remove(self, call_id: str) -> None:
        """It is settled."""
        with suppress(ChangedMeanwhile):  # another sweeper was faster
            delete = Delete(unsettled_key(call_id))
            await self._storage.transact(OPEN_CALLS_TABLE, SWEEP[0], [delete])


def _readable(row: Row) -> UnsettledCall | None:
    with suppress(Altered):
        return _unsettled(row)
    return None


def _columns(call: UnsettledCall) -> dict[str, Value]:
    return {
        "call_id": call.call_id,
        "since": call.since.isoformat(),
        "until": call.until.isoformat(),
    }


def _unsettled(row: Row) -> UnsettledCall:
    """Altered names a row that cannot be read."""
    with naming(OPEN_CALLS_TABLE, row):
        return UnsettledCall(
            call_id=str(row["call_id"]),
            since=parse_time(row["since"]),
            until=parse_time(row["until"]),
        )
