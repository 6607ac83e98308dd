"""One pass over one month: which subjects have changed, and which of their days are to be sent."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from table_api.errors import Altered
from table_api.ledger.keys import shard_of
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.monthly.rows import MonthlyRow, read_monthly_row
from table_api.publishing.marks import MarkRow, Marks
from table_api.publishing.outbox import Outbox
from table_api.publishing.subject_days import SubjectDay, SubjectDays
from table_api.storage.keys import EVERY_ROW, encode_part, starting_with
from table_api.storage.named_rows import naming
from table_api.storage.parallel import at_most
from table_api.storage.table_storage import Row, TableStorage
from table_api.storage.timestamp import timestamp
from telemetry.log import Log

SUBJECTS_IN_FLIGHT_MAX = 8
QUIET = timedelta(hours=1)
"""A day that was read in part is read whole when nothing of it has changed for so long."""

_log = Log("table_api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What one pass looks at."""

    start: date | None = None
    """First charge day; None is the ledger's first."""
    stop: date | None = None
    """The day after the last; None is all that comes."""
    shards: range | None = None
    """Those of the ledger's shards; None is all."""
    of_shards: int = 1
    """How many shards the ledger has."""
    live_only: bool = False
    """Only the months in which nearly all changes."""
    settle: bool = False
    """Read every day whole, and send again what was refused."""
    again: bool = False
    """Send every row again, as if none had been sent."""

    def covers(self, day: date) -> bool:
        """Whether a charge day is wanted."""
        return (self.start or day) <= day and (self.stop is None or day < self.stop)

    def has_shard_of(self, subject: str) -> bool:
        """Whether a subject is in one of the wanted shards."""
        return self.shards is None or shard_of(subject, self.of_shards) in self.shards


class MonthPass:
    """Finds what is to be sent of a month and has it sent."""

    def __init__(  # the pass and its month
        self,
        storage: TableStorage,
        marks: Marks,
        outbox: Outbox,
        days: SubjectDays,
        month: str,
        wanted: Wanted,
    ) -> None:
        self.behind_calls = 0
        """Calls that were found unsent."""
        self.unreadable: list[str] = []
        """What is wrong with damaged rows of `monthly`. Nothing of their subjects is sent."""
        self._storage = storage
        self._marks = marks
        self._outbox = outbox
        self._days = days
        self._month = month
        self._wanted = wanted
        self._quiet_before = ""
        every = _dates(month)
        self._dates = [day for day in every if wanted.covers(day)]
        self._is_whole = self._dates == every

    async def run(self, now: datetime) -> None:
        """Send what is new. Raises Unavailable."""
        if not self._dates:
            return
        self._quiet_before = timestamp(now - QUIET)
        subjects = await self._changed_subjects()
        await at_most(SUBJECTS_IN_FLIGHT_MAX, map(self._subject, subjects))

    async def _changed_subjects(self) -> list[str]:
        """Subjects with a row that is not sent as it is now, or that was read in part."""
        known = await self._marks.seen(self._month)
        everybody = self._wanted.settle or self._wanted.again
        found: dict[str, None] = {}
        select = ["RowKey", "Timestamp", "subject"]
        async for page in self._storage.query(MONTHLY_TABLE, self._month, EVERY_ROW, select=select):
            for row in page:
                if not self._names_its_subject(row):
                    continue
                seen, open_since = known.get(str(row["RowKey"]), ("", ""))
                changed = seen != row["Timestamp"] or self._is_quiet(open_since)
                if (changed or everybody) and self._wanted.has_shard_of(str(row["subject"])):
                    found[str(row["subject"])] = None
        return list(found)

    def _names_its_subject(self, row: Row) -> bool:
        """Whether the column `subject` is that of the key, by which its calls are found."""
        if str(row["RowKey"]).startswith(f"{encode_part(str(row.get('subject')))}|"):
            return True
        self._note_unreadable(
            f"row {MONTHLY_TABLE} {self._month} {row['RowKey']} has the subject of another row"
        )
        return False

    def _note_unreadable(self, what: str) -> None:
        self.unreadable.append(what)
        _log.error("row_unreadable", f"{what}: nothing of its subject's month is sent")

    def _is_quiet(self, open_since: str) -> bool:
        return "" < open_since <= self._quiet_before

    async def _subject(self, subject: str) -> None:
        marks = await self._marks.of_subject(self._month, encode_part(subject))
        # After the marks: what another publisher sends meanwhile is found marked or sent twice.
        try:
            rows, versions = await self._projected(subject, marks)
        except Altered as error:
            self._note_unreadable(str(error))
            return
        for day in self._dates:
            projected = {key: row.day(day.day) for key, row in rows.items()}
            await self._day(
                SubjectDay(
                    subject=subject,
                    day=day,
                    projected={key: of_day for key, of_day in projected.items() if of_day.revs},
                    marks=marks,
                )
            )
        if self._is_whole:
            await self._outbox.all_seen(
                (marks[key], version)
                for key, version in versions.items()
                if marks[key].seen != version
            )

    async def _projected(
        self, subject: str, marks: dict[str, MarkRow]
    ) -> tuple[dict[str, MonthlyRow], dict[str, str]]:
        """The rows of `monthly` and their versions by key; each gets a row of marks."""
        rows, versions = {}, {}
        keys = starting_with(f"{encode_part(subject)}|")
        async for page in self._storage.query(MONTHLY_TABLE, self._month, keys):
            for row in page:
                key = str(row["RowKey"])
                with naming(MONTHLY_TABLE, row):
                    rows[key] = read_monthly_row(row, [day.day for day in self._dates])
                    versions[key], model = str(row["Timestamp"]), str(row["model"])
                if key not in marks:
                    marks[key] = MarkRow(self._month, key, subject, model)
        return rows, versions

    async def _day(self, day: SubjectDay) -> None:
        if not day.projected:
            return
        if day.differs:
            self.behind_calls += day.behind_calls
        if self._wanted.again or (self._wanted.settle and day.has_refused):
            await self._days.send_whole(day, again=True)
        elif self._wanted.settle or self._is_quiet(day.open_since):
            await self._days.send_whole(day)
        elif day.differs:
            await self._days.send_new(day, day.looked_at)


def _dates(month: str) -> list[date]:
    year, number = int(month[:4]), int(month[4:])
    return [date(year, number, day + 1) for day in range(monthrange(year, number)[1])]
