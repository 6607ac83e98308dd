"""Reads what completeness is reported from: open calls, the ledger, dead letters, progress.

An hour that is over is one row; the others are read call by call. No writes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from table_api.completeness.days import day_span
from table_api.completeness.hour_sums import FORM, HourSums
from table_api.completeness.hours import HourReader, sums_in
from table_api.completeness.meter import CompletenessMeter, CompletenessReport
from table_api.consumer_state.dead_letters import DeadLetterIndex, OpenLetter
from table_api.consumer_state.groups import Groups
from table_api.consumer_state.progress import newest_enqueued_time
from table_api.errors import TooManyCalls
from table_api.ledger.billing_calendar import FIRST_YEAR, BillingCalendar
from table_api.ledger.day_range import DayRange
from table_api.open_calls.keys import HOUR, hours_about, hours_between
from table_api.open_calls.summed_hours import SummedHours
from table_api.open_calls.table import OpenCalls
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import LedgerReads

CALLS_READ_MAX = 100_000
"""Calls of hours without a row that one answer may read: about 120 µs of CPU each, so some 12 s."""
HOURS_AT_ONCE = timedelta(hours=3)
"""Of open calls in memory with all their facts, in each of SPANS_AT_ONCE reads."""
SPANS_AT_ONCE = 4
AHEAD_MAX = timedelta(hours=2)
"""No call is later than an hour after its hub took it."""


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
        self._summed = SummedHours(storage)
        self._hours = HourReader(storage, reads)

    async def read(self, days: DayRange, *, calls_max: int) -> CompletenessReading:
        """Of the calls that count in these days of the billing zone."""
        calendar = (await self._reads.meta()).calendar
        letters, letters_complete = await self._letters(days, calendar)
        facts_from = await self._open_calls.first_hour()
        meter = CompletenessMeter()
        if (
            facts_from is not None
            and (span := _span(days, calendar, self._reads.now() + AHEAD_MAX)) is not None
        ):
            await self._add_hours(meter, span, facts_from, letters, days, calls_max=calls_max)
        meter.add_letters(letters)
        cells = await self._reads.usage(days)
        return CompletenessReading(
            report=meter.report(),
            ledger_calls=sum(
                cell.totals.calls for cell in cells if days.start <= cell.day < days.stop
            ),
            facts_from=facts_from,
            newest_usage_event=await newest_enqueued_time(
                self._storage, self._groups.pairing_usage
            ),
            newest_diagnostics=await newest_enqueued_time(
                self._storage, self._groups.pairing_diagnostics
            ),
            dead_letters_complete=letters_complete,
        )

    async def _add_hours(
        self,
        meter: CompletenessMeter,
        span: tuple[datetime, datetime],
        facts_from: datetime,
        letters: Sequence[OpenLetter],
        days: DayRange,
        *,
        calls_max: int,
    ) -> None:
        """Hours that are summed are read as one row each; the others live, side by side."""
        kept = await self._summed.read(span[0] - HOUR, span[1])
        # Where the hour before the oldest was summed it is purged, and the oldest perhaps in part.
        before = kept.get(facts_from - HOUR)
        whole_from = facts_from if before is None or before.sums is None else facts_from + HOUR
        # A letter counts with its call, and a row names no calls.
        lettered = set(hours_about(each.enqueued_time for each in letters if each.event_id))
        live: list[datetime] = []

        def add(by_day: Mapping[date, HourSums]) -> None:
            for day, sums in by_day.items():
                if days.start <= day < days.stop:
                    meter.add_hour(sums)

        for hour in hours_between(*span):
            row = kept.get(hour)
            is_current = row is not None and row.is_current(FORM) and hour not in lettered
            sums = sums_in(row) if is_current or hour < whole_from else None
            if sums is not None:
                add(sums)
            elif hour >= facts_from:
                live.append(hour)

        left = calls_max

        async def read(start: datetime, stop: datetime) -> None:
            nonlocal left
            sums = await self._hours.sums(start, stop, calls_max=left)
            left -= sum(len(of_day.keys) for of_day in sums.values())
            if left < 0:
                raise TooManyCalls(f"the range has more than {calls_max} calls")
            add(sums)

        await at_most(SPANS_AT_ONCE, (read(*each) for each in _spans(live)))

    async def _letters(
        self, days: DayRange, calendar: BillingCalendar
    ) -> tuple[list[OpenLetter], bool]:
        """The open letters of both hubs in these days, and whether all were read.

        Their day is that on which the hub took them: most have no readable time of their own.
        """
        hubs = (self._groups.usage_hub, self._groups.diagnostics_hub)
        of_hubs = [await DeadLetterIndex(self._storage, hub).open_letters() for hub in hubs]
        letters = [
            letter
            for each in of_hubs
            for letter in each.letters
            if days.start <= calendar.day(letter.enqueued_time) < days.stop
        ]
        return letters, all(each.complete for each in of_hubs)


def _span(
    days: DayRange, calendar: BillingCalendar, newest: datetime
) -> tuple[datetime, datetime] | None:
    """Around all instants of these days; None where no call has such a charge day."""
    first = max(days.start, date(FIRST_YEAR, 1, 1))
    last = min(days.stop, date(calendar.transitions.until_year, 1, 1)) - timedelta(days=1)
    if last < first:
        return None
    start, stop = day_span(first, calendar)[0], min(day_span(last, calendar)[1], newest)
    return (start, stop) if start < stop else None


def _spans(hours: Sequence[datetime]) -> Iterable[tuple[datetime, datetime]]:
    """Hours that follow each other, up to HOURS_AT_ONCE."""
    start: datetime | None = None
    for index, hour in enumerate(hours):
        start = hour if start is None else start
        after = hour + HOUR
        if after not in hours[index + 1 : index + 2] or after - start >= HOURS_AT_ONCE:
            yield start, after
            start = None
