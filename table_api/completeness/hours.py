"""Reads open calls and what the ledger has of them, hour by hour, and adds each hour up."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from pricing_rules.types import UNATTRIBUTED
from table_api.completeness.calls import (
    POSTED_COLUMNS,
    PostedCall,
    SeenCall,
    posted_calls,
    seen_call,
)
from table_api.completeness.hour_sums import (
    FORM,
    HourSums,
    decode_hour,
    encode_hour,
    sum_days,
)
from table_api.errors import TooManyCalls
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.keys import LEDGER_TABLE, subject_span
from table_api.open_calls.keys import HOUR, hours_between
from table_api.open_calls.summed_hours import SummedHour, SummedHours
from table_api.open_calls.table import OpenCalls
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import PARTITIONS_READ_MAX, LedgerReads, partition_of
from telemetry.log import Log

HOURS_BACK = timedelta(days=31)
"""As long as a report may be; facts are kept shorter."""
JUST_AFTER = timedelta(microseconds=1)
_log = Log("table_api")


class HourReader:
    """Reads hours of one storage. May raise Unavailable and NoLedger."""

    def __init__(self, storage: TableStorage, reads: LedgerReads) -> None:
        self._storage = storage
        self._reads = reads
        self._open_calls = OpenCalls(storage)

    async def sums(
        self, start: datetime, stop: datetime, *, calls_max: int | None = None
    ) -> dict[date, HourSums]:
        """The calls from `start` until before `stop`, by billing day.

        TooManyCalls when there are more than `calls_max`.
        """
        calendar = (await self._reads.meta()).calendar
        found = [seen_call(each) for each in await self._open_calls.calls(start, stop)]
        calls = [each for each in found if each is not None]
        if calls_max is not None and len(calls) > calls_max:
            raise TooManyCalls(f"the range has more than {calls_max} calls")
        return sum_days(calls, await self._posted(calls, calendar), calendar)

    async def _posted(
        self, calls: Iterable[SeenCall], calendar: BillingCalendar
    ) -> dict[str, PostedCall]:
        """One partition query for each subject and day."""
        shards = (await self._reads.meta()).settings.shards
        times: dict[tuple[date, str], list[datetime]] = {}
        for call in calls:
            # A caller who is named late is counted under both for a moment.
            for subject in {call.subject, UNATTRIBUTED} - {None}:
                times.setdefault((calendar.day(call.time), str(subject)), []).append(call.time)
        posted: dict[str, PostedCall] = {}

        async def read(day: date, subject: str, of_calls: list[datetime]) -> None:
            partition = partition_of(f"{day:%Y%m}", subject, shards)
            keys = subject_span(subject, day, min(of_calls), max(of_calls) + JUST_AFTER)
            pages = self._storage.query(LEDGER_TABLE, partition, keys, select=POSTED_COLUMNS)
            posted.update(posted_calls([row async for page in pages for row in page]))

        await at_most(PARTITIONS_READ_MAX, (read(*key, each) for key, each in times.items()))
        return posted


class HourSummer:
    """Sums hours whose calls are settled. Any number of processes may: the sums are the same."""

    def __init__(self, storage: TableStorage, reads: LedgerReads) -> None:
        self._hours = HourReader(storage, reads)
        self._open_calls = OpenCalls(storage)
        self._summed = SummedHours(storage)

    async def sum_due(self, *, settled: datetime, facts_from: datetime, hours_max: int) -> int:
        """Sum hours that ended before `settled`, the newest first; how many.

        Facts of before `facts_from` may be purged: these hours stay as they were summed.
        """
        first = await self._open_calls.first_hour()
        if first is None:
            return 0
        # The rows of the first hour may be half purged, unless it was never summed before.
        start = max(first, facts_from + HOUR, settled - HOURS_BACK)
        kept = await self._summed.read(start, settled, marks_only=True)
        due = [
            hour
            for hour in hours_between(start, settled)
            if hour + HOUR <= settled and not (hour in kept and kept[hour].is_current(FORM))
        ]
        for hour in reversed(due[-hours_max:]):
            # 1. The mark. What is changed from here on writes another one.
            mark = kept[hour].mark if hour in kept else ""
            # 2. The calls, and what the ledger has of them.
            sums = await self._hours.sums(hour, hour + HOUR)
            # 3. The row. Without it the hour is read live.
            if not await self._summed.keep(hour, encode_hour(sums), form=FORM, mark=mark):
                _log.warning("hour_too_long", f"{hour:%Y-%m-%d %H:%M} has too many lines to keep")
        return min(len(due), hours_max)


def sums_in(kept: SummedHour | None) -> dict[date, HourSums] | None:
    """What a row says; None without one, and of one that cannot be read."""
    if kept is None or kept.sums is None:
        return None
    try:
        return decode_hour(kept.sums)
    except ValueError as error:
        _log.error("hour_unreadable", str(error))
        return None
