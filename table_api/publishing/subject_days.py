"""What of one subject's day is to be sent: rows whose revisions `monthly` has and the marks lack.

A row counts in one cell or two of its subject's day; it is sent when every one of its revisions is
within those of `monthly`, and it was sent when every one is within those of the marks. A day is
read whole. Of a busy day only the newest calls may be read, where what they add is what `monthly`
has more; but rows that cancel each other add nothing, so such a day stays open and is read whole
when it is quiet.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum

from opentelemetry.sdk._logs import ReadableLogRecord

from table_api.errors import AlteredRow
from table_api.ledger.entries import LedgerEntry, read_entry
from table_api.ledger.keys import LEDGER_TABLE, call_key, partition_key, subject_rows
from table_api.ledger.measures import MEASURE_ORDER, Measures, added
from table_api.monthly.projected_day import ProjectedDay, monthly_key
from table_api.publishing.marks import UNSENT, DayMark, MarkRow
from table_api.publishing.outbox import DayWork, Deltas, Item, Outbox
from table_api.storage.keys import KeyRange
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import timestamp
from telemetry.log import Log

BUSY_ROWS_MIN = 2_000
"""A day with fewer rows is two pages: it is always read whole."""
NEWEST = timedelta(minutes=15)
"""How far back of the last look new calls of a busy day are looked for."""

_log = Log("table_api")

MakeRecord = Callable[[LedgerEntry], ReadableLogRecord]


class _State(Enum):
    SENT = 0
    NEW = 1
    AHEAD = 2
    """`monthly` does not have it yet: the next pass sends it."""
    NOWHERE = 3
    """It changed no cell: a call that was taken out before it came."""


@dataclass(frozen=True, slots=True)
class SubjectDay:
    """One charge day of a subject: the days of its rows in both tables, by row key."""

    subject: str
    day: date
    projected: Mapping[str, ProjectedDay]
    marks: Mapping[str, MarkRow]

    def mark(self, key: str) -> DayMark:
        """How far the day of a row is sent."""
        return self.marks[key].day(self.day.day)

    @property
    def differs(self) -> bool:
        """Whether `monthly` has revisions that are not sent."""
        return any(self.mark(key).revs != day.revs for key, day in self.projected.items())

    @property
    def open_since(self) -> str:
        """When it was last read in part; empty text where it was read whole."""
        return max(self.mark(key).open_since for key in self.projected)

    @property
    def looked_at(self) -> datetime | None:
        """When a pass last looked at the day; None before the first."""
        times = [self.marks[key].written_at for key in self.projected]
        return min((time for time in times if time is not None), default=None)

    @property
    def rows(self) -> int:
        """Rows that are sent, those of two models twice."""
        return sum(self.mark(key).counted for key in self.projected)

    @property
    def has_refused(self) -> bool:
        """Whether ingestion refused any of its rows."""
        return any(self.mark(key).refused for key in self.projected)

    @property
    def behind_calls(self) -> int:
        """Calls that `monthly` has and the marks lack."""
        return sum(
            sum(day.measures[:1]) - sum(self.mark(key).amounts[:1])
            for key, day in self.projected.items()
        )


@dataclass(frozen=True, slots=True)
class _Row:
    state: _State
    entry: LedgerEntry
    deltas: Deltas


class SubjectDays:
    """Sends the days of subjects. Any number at once."""

    def __init__(
        self,
        storage: TableStorage,
        outbox: Outbox,
        *,
        shards: int,
        record: MakeRecord,
        now: Callable[[], datetime],
    ) -> None:
        self._storage = storage
        self._outbox = outbox
        self._shards = shards
        self._record = record
        self._now = now

    async def send_new(self, day: SubjectDay, looked_at: datetime | None) -> None:
        """Send what is new; `looked_at` is when the day was last looked at."""
        if looked_at is None or day.rows < BUSY_ROWS_MIN or not await self._narrow(day, looked_at):
            await self.send_whole(day)

    async def send_whole(self, day: SubjectDay, *, again: bool = False) -> None:
        """Read the whole day and send what is new; all of it when the number of rows that were
        sent is not the one that was marked, or with `again`.
        """
        if not again and await self._send_rest(day):
            return
        work = _work(day, fresh=True)
        async for row in self._read(day):
            if row.state in {_State.SENT, _State.NEW}:
                await self._put(row, work)
        await self._outbox.finish(work)

    async def _send_rest(self, day: SubjectDay) -> bool:
        """Whether what was sent before is what was marked."""
        work = _work(day)
        before: dict[str, int] = dict.fromkeys(day.projected, 0)
        async for row in self._read(day):
            if row.state is _State.NEW:
                await self._put(row, work)
            elif row.state is _State.SENT:
                for key, _ in row.deltas:
                    before[key] += 1
        if any(before[key] != day.mark(key).counted for key in day.projected):
            self._outbox.sent.again += 1
            message = "the rows that were sent are not those that were marked: all are sent again"
            _log.warning("published_again", message, day=day.day.isoformat())
            return False
        await self._outbox.finish(work)
        return True

    async def _narrow(self, day: SubjectDay, looked_at: datetime) -> bool:
        """Send the newest calls where they are all that is new, as far as sums can say."""
        found: list[_Row] = []
        sums = {key: _plus(day.mark(key).amounts, {}) for key in day.projected}
        async for row in self._read(day, since=looked_at - NEWEST):
            if row.state is _State.NEW:
                found.append(row)
                sums |= {key: _plus(sums[key], delta) for key, delta in row.deltas}
        if any(sums[key] != _plus(each.measures, {}) for key, each in day.projected.items()):
            return False
        work = _work(day)
        work.open_since = timestamp(self._now())
        for row in found:
            await self._put(row, work)
        await self._outbox.finish(work)
        return True

    async def _put(self, row: "_Row", work: DayWork) -> None:
        try:
            record = self._record(row.entry)
        except Exception as error:  # a damaged row: the audit names it, and the others are sent
            _log_unreadable(row.entry.entry_key, error)
            work.sent(row.deltas)
            self._outbox.refuse(row.entry, row.deltas, work)
            return
        await self._outbox.put(Item(record, row.entry, row.deltas, work))

    async def _read(
        self, day: SubjectDay, *, since: datetime | None = None
    ) -> AsyncIterator["_Row"]:
        partition = partition_key(day.day, day.subject, self._shards)
        keys = subject_rows("c", day.subject, (day.day.day, day.day.day + 1))
        if since is not None:
            keys = KeyRange(max(keys.start, call_key(day.subject, day.day, since, "")), keys.stop)
        async for page in self._storage.query(LEDGER_TABLE, partition, keys):
            for row in page:
                try:
                    judged = _judge(read_entry(row), day)
                except Exception as error:  # nobody knows what it adds, so it is in no mark
                    _log_unreadable(str(row["RowKey"]), error)
                    continue
                yield judged


def _log_unreadable(row: str, error: BaseException) -> None:
    if isinstance(error, AlteredRow) and error.__cause__ is not None:
        error = error.__cause__  # the field `row` names the row
    message = f"a ledger row cannot be read: {type(error).__name__}: {error}"
    _log.error("event_unreadable", message, row=row)


def _judge(entry: LedgerEntry, day: SubjectDay) -> _Row:
    deltas: dict[str, Measures] = {}
    state = _State.SENT if entry.effects else _State.NOWHERE
    for effect in entry.effects:
        key, _, line = monthly_key(effect.cell)
        projected = day.projected.get(key)
        if projected is None or effect.rev > projected.revs.get(line, 0):
            return _Row(_State.AHEAD, entry, ())
        if effect.rev > day.mark(key).revs.get(line, 0):
            state = _State.NEW
        deltas[key] = added(deltas.get(key, {}), effect.delta)
    return _Row(state, entry, list(deltas.items()))


def _work(day: SubjectDay, *, fresh: bool = False) -> DayWork:
    return DayWork(
        number=day.day.day,
        rows={key: day.marks[key] for key in day.projected},
        revs={key: projected.revs for key, projected in day.projected.items()},
        marks={key: UNSENT if fresh else day.mark(key) for key in day.projected},
    )


def _plus(amounts: Sequence[int], delta: Measures) -> list[int]:
    """The amounts and a delta, by MEASURE_ORDER and with all its zeros."""
    padded = [*amounts, *[0] * (len(MEASURE_ORDER) - len(amounts))]
    return [amount + delta.get(name, 0) for amount, name in zip(padded, MEASURE_ORDER, strict=True)]
