"""Reads open calls and what the ledger has of them, hour by hour, and adds each hour up."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import chain

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
from table_api.open_calls.keys import HOUR, hour_start, hours_between
from table_api.open_calls.summed_hours import SummedHour, SummedHours
from table_api.open_calls.table import OpenCalls
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import PARTITIONS_READ_MAX, LedgerReads, partition_of
from telemetry.log import Log

HOURS_BACK = timedelta(days=31)
"""As long as a report may be; facts are kept shorter."""
TOGETHER_MAX = 24
"""Hours that are read at once while there are few calls in them: many requests less."""
FEW_CALLS = 2_000
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

    async def by_hour(
        self, start: datetime, stop: datetime
    ) -> dict[datetime, dict[date, HourSums]]:
        """The same hour by hour, by the earliest time of each call."""
        calendar = (await self._reads.meta()).calendar
        by_hour: dict[datetime, list[SeenCall]] = {}
        for each in await self._open_calls.calls(start, stop):
            seen = seen_call(each)
            if seen is not None and each.time is not None:
                by_hour.setdefault(hour_start(each.time), []).append(seen)
        posted = await self._posted(chain.from_iterable(by_hour.values()), calendar)
        return {
            hour: sum_days(
                calls,
                {each.call_id: posted[each.call_id] for each in calls if each.call_id in posted},
                calendar,
            )
            for hour, calls in by_hour.items()
        }

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
            posted.update(posted_calls([row async for page in pages for row in page], partition))

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
        left, together = due[-hours_max:], 1
        while left:
            hours = _last_together(left, together)
            # 1. The marks, above. What is changed from there on writes other ones.
            # 2. The calls, and what the ledger has of them.
            sums = await self._hours.by_hour(hours[0], hours[-1] + HOUR)
            # 3. The rows. An hour without one is read live.
            for hour in hours:
                mark = kept[hour].mark if hour in kept else ""
                text = encode_hour(sums.get(hour, {}))
                if not await self._summed.keep(hour, text, form=FORM, mark=mark):
                    what = f"{hour:%Y-%m-%d %H:%M} has too many lines to keep"
                    _log.warning("hour_too_long", what)
            del left[-len(hours) :]
            calls = sum(len(of_day.keys) for days in sums.values() for of_day in days.values())
            together = min(2 * together, TOGETHER_MAX) if calls < FEW_CALLS else 1
        return min(len(due), hours_max)


def _last_together(hours: Sequence[datetime], hours_max: int) -> list[datetime]:
    """The last hours, as far as they follow each other."""
    found = [hours[-1]]
    while len(found) < min(hours_max, len(hours)) and hours[-len(found) - 1] == found[0] - HOUR:
        found.insert(0, found[0] - HOUR)
    return found


def sums_in(kept: SummedHour | None) -> dict[date, HourSums] | None:
    """What a row says; None without one, and of one that cannot be read."""
    if kept is None or kept.sums is None:
        return None
    try:
        return decode_hour(kept.sums)
    except ValueError as error:
        _log.error("hour_unreadable", str(error))
        return None
