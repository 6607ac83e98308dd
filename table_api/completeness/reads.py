"""Reads what completeness is reported from: open calls, the ledger, dead letters, progress.

A day at a time, so that memory holds the calls of one day. No writes.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pricing_rules.types import UNATTRIBUTED
from table_api.completeness.calls import (
    POSTED_COLUMNS,
    PostedCall,
    SeenCall,
    posted_calls,
    seen_call,
)
from table_api.completeness.days import day_span
from table_api.completeness.meter import CompletenessMeter, CompletenessReport
from table_api.consumer_state.dead_letters import DeadLetterIndex, OpenLetter
from table_api.consumer_state.groups import Groups
from table_api.consumer_state.progress import newest_enqueued_time
from table_api.errors import TooManyCalls
from table_api.ledger.billing_calendar import FIRST_YEAR, BillingCalendar
from table_api.ledger.day_range import DayRange
from table_api.ledger.keys import LEDGER_TABLE, subject_rows
from table_api.open_calls.table import OpenCalls
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import PARTITIONS_READ_MAX, LedgerReads, partition_of

CALLS_READ_MAX = 100_000
"""Calls one answer may read: about 120 µs of CPU each, so some 12 s."""
HOURS_AT_ONCE = timedelta(hours=3)
"""Of open calls in memory with all their facts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletenessReading:
    """The report, and how far the facts reach that it is made from."""

    report: CompletenessReport
    ledger_calls: int
    """Calls of the range in the ledger, by its daily totals."""
    facts_from: datetime | None
    """The oldest hour of which facts are kept; None without any. Earlier calls are not seen."""
    newest_usage_event: datetime | None
    """Enqueued time up to which pairing has read the usage hub; None before the first event."""
    newest_diagnostics: datetime | None
    """The same of the hub of the gateway's log."""
    dead_letters_complete: bool
    """Whether every dead letter was read: see OpenLetters."""


class CompletenessReads:
    """Reads one storage. May raise Unavailable, NoLedger, TooManyCells and TooManyCalls."""

    def __init__(self, storage: TableStorage, reads: LedgerReads, groups: Groups) -> None:
        self._storage = storage
        self._reads = reads
        self._groups = groups
        self._open_calls = OpenCalls(storage)

    async def read(self, days: DayRange, *, calls_max: int) -> CompletenessReading:
        """Of the calls that count in these days of the billing zone."""
        calendar = (await self._reads.meta()).calendar
        letters, letters_complete = await self._letters()
        meter, read = CompletenessMeter(), 0
        for day in _days(days):
            calls: list[SeenCall] = []
            async for call in self._seen(day, calendar):
                calls.append(call)
                read += 1
                if read > calls_max:
                    raise TooManyCalls(f"the range has more than {calls_max} calls")
            posted = await self._posted(day, {call.subject for call in calls if call.subject})
            meter.add(calls, posted, _of_day(letters, day, calendar))
        cells = await self._reads.usage(days)
        return CompletenessReading(
            report=meter.report(),
            ledger_calls=sum(
                cell.totals.calls for cell in cells if days.start <= cell.day < days.stop
            ),
            facts_from=await self._open_calls.first_hour(),
            newest_usage_event=await newest_enqueued_time(
                self._storage, self._groups.pairing_usage
            ),
            newest_diagnostics=await newest_enqueued_time(
                self._storage, self._groups.pairing_diagnostics
            ),
            dead_letters_complete=letters_complete,
        )

    async def _seen(self, day: date, calendar: BillingCalendar) -> AsyncIterator[SeenCall]:
        if not FIRST_YEAR <= day.year < calendar.transitions.until_year:
            return  # no call has such a charge day
        start, stop = day_span(day, calendar)
        while start < stop:
            until = min(start + HOURS_AT_ONCE, stop)
            for open_call in await self._open_calls.calls(start, until):
                call = seen_call(open_call)
                if call is not None and calendar.day(call.time) == day:
                    yield call
            start = until

    async def _posted(self, day: date, subjects: Iterable[str]) -> dict[str, PostedCall]:
        """One partition query for each subject of the day."""
        shards = (await self._reads.meta()).settings.shards
        posted: dict[str, PostedCall] = {}

        async def read(subject: str) -> None:
            partition = partition_of(f"{day:%Y%m}", subject, shards)
            keys = subject_rows("c", subject, (day.day, day.day + 1))
            pages = self._storage.query(LEDGER_TABLE, partition, keys, select=POSTED_COLUMNS)
            posted.update(posted_calls([row async for page in pages for row in page]))

        # A caller who is named late stands under both for a moment.
        await at_most(PARTITIONS_READ_MAX, map(read, {*subjects, UNATTRIBUTED}))
        return posted

    async def _letters(self) -> tuple[list[OpenLetter], bool]:
        """The open letters of both hubs, and whether all were read."""
        hubs = (self._groups.usage_hub, self._groups.diagnostics_hub)
        of_hubs = [await DeadLetterIndex(self._storage, hub).open_letters() for hub in hubs]
        letters = [letter for each in of_hubs for letter in each.letters]
        return letters, all(each.complete for each in of_hubs)


def _days(days: DayRange) -> Iterable[date]:
    return (days.start + timedelta(days=n) for n in range((days.stop - days.start).days))


def _of_day(
    letters: Sequence[OpenLetter], day: date, calendar: BillingCalendar
) -> list[OpenLetter]:
    """By the time the hub took them: most have no readable time of their own."""
    return [each for each in letters if calendar.day(each.enqueued_time) == day]
