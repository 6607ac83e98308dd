"""Who a subject is: display name and cost centre from a day on. Names stand here and nowhere else.

Owns the table `people` and its cached directory; the CSV form is in `csv_file`.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from unicodedata import normalize

from table_api.storage.keys import EVERY_ROW, encode_part, starting_with
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Replace,
    Row,
    TableStorage,
    Upsert,
    Value,
    etag_of,
)
from table_api.storage.timestamp import is_recent
from telemetry.log import Log

PEOPLE_TABLE = "people"
PEOPLE_PARTITION = "people"
PEOPLE_AGE_S_MAX = 30
"""How old the directory may be in the API: an import shows after so many seconds."""

_log = Log("table_api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What holds for a subject from one day on, until its next row."""

    subject: str
    """As in the ledger, in NFC."""
    display_name: str | None
    """In NFC, as it is searched for."""
    cost_centre: str | None
    valid_from: date
    """First charge day, in the ledger's billing zone."""


class PeopleDirectory:
    """All people at one moment. Immutable."""

    def __init__(self, people: Iterable[Person]) -> None:
        self._by_subject: dict[str, list[Person]] = {}
        for person in sorted(people, key=lambda person: person.valid_from):
            self._by_subject.setdefault(person.subject, []).append(person)

    def __contains__(self, subject: str) -> bool:
        return subject in self._by_subject

    def __iter__(self) -> Iterator[Person]:
        """Every row, by subject and day."""
        for subject in sorted(self._by_subject):
            yield from self._by_subject[subject]

    def subjects(self) -> list[str]:
        """Everybody who has a row."""
        return list(self._by_subject)

    def rows_of(self, subject: str) -> Sequence[Person]:
        """A subject's rows, by day."""
        return self._by_subject.get(subject, ())

    def with_rows(self, rows: Iterable[Person]) -> "PeopleDirectory":
        """Another one in which these rows replace those of the same subject and day."""
        merged = {(person.subject, person.valid_from): person for person in (*self, *rows)}
        return PeopleDirectory(merged.values())

    def at(self, subject: str, day: date) -> Person | None:
        """What holds on a charge day; None before the subject's first row and for a stranger."""
        rows = self._by_subject.get(subject)
        if rows is None:
            return None
        index = bisect_right(rows, day, key=lambda person: person.valid_from) - 1
        return rows[index] if index >= 0 else None

    def name(self, subject: str, day: date) -> str | None:
        """The display name on a day."""
        person = self.at(subject, day)
        return person.display_name if person else None

    def cost_centre(self, subject: str, day: date) -> str | None:
        """The cost centre on a charge day."""
        person = self.at(subject, day)
        return person.cost_centre if person else None


class People:
    """Reads and imports people. Methods may raise Unavailable."""

    def __init__(
        self,
        storage: TableStorage,
        *,
        now: Callable[[], datetime],
        age_s_max: int = PEOPLE_AGE_S_MAX,
    ) -> None:
        self._storage = storage
        self._now = now
        self._age_max = timedelta(seconds=age_s_max)
        self._directory = PeopleDirectory(())
        self._read_at: datetime | None = None

    async def directory(self) -> PeopleDirectory:
        """Everybody, at most `age_s_max` seconds old."""
        now = self._now()
        if not is_recent(self._read_at, now=now, age_max=self._age_max):
            people: list[Person] = []
            async for page in self._storage.query(PEOPLE_TABLE, PEOPLE_PARTITION, EVERY_ROW):
                people.extend(_readable(page))
            self._directory, self._read_at = PeopleDirectory(people), now
        return self._directory

    async def names(self, subject: str) -> list[str]:
        """Every name that a subject has had, in NFC; those in damaged rows too."""
        named = await self._named(subject)
        return [normalize("NFC", str(row["display_name"])) for row in named]

    async def erase(self, subject: str) -> int:
        """Forget every name of a subject and keep its cost centres; how many rows had one. A row is
        written as it was but for the name, be it damaged or not.
        """
        named = await self._named(subject)
        for part in chunks(named, OPERATIONS_MAX):
            rows = [Replace(str(row["RowKey"]), _without_name(row), etag_of(row)) for row in part]
            await self._storage.transact(PEOPLE_TABLE, PEOPLE_PARTITION, rows)
        self._read_at = None
        return len(named)

    async def _named(self, subject: str) -> list[Row]:
        keys = starting_with(f"{encode_part(subject)}|")
        pages = self._storage.query(PEOPLE_TABLE, PEOPLE_PARTITION, keys)
        return [row async for page in pages for row in page if "display_name" in row]

    async def save(self, people: Sequence[Person]) -> None:
        """Insert or replace rows by (subject, valid_from). Not atomic over OPERATIONS_MAX rows."""
        await self._storage.create_table(PEOPLE_TABLE)
        for part in chunks(people, OPERATIONS_MAX):
            rows = [_to_row(person) for person in part]
            await self._storage.transact(PEOPLE_TABLE, PEOPLE_PARTITION, rows)
        self._read_at = None


def _to_row(person: Person) -> Upsert:
    columns: dict[str, Value] = {
        "subject": person.subject,
        "valid_from": person.valid_from.isoformat(),
    }
    if person.display_name is not None:
        columns["display_name"] = person.display_name
    if person.cost_centre is not None:
        columns["cost_centre"] = person.cost_centre
    return Upsert(_row_key(person), columns)


def _row_key(person: Person) -> str:
    return f"{encode_part(person.subject)}|{person.valid_from.isoformat()}"


def _without_name(row: Row) -> dict[str, Value]:
    left_out = {"PartitionKey", "RowKey", "Timestamp", "display_name"}
    return {name: value for name, value in row.items() if name not in left_out}


def _readable(rows: Iterable[Row]) -> Iterator[Person]:
    """A damaged row stops nobody: it is named, and its subject has what its other rows say. So it
    is with one that names another subject or day than its key.
    """
    for row in rows:
        try:
            person = _from_row(row)
            if _row_key(person) != row["RowKey"]:
                raise ValueError("it names a subject or day that is not its key's")
            yield person
        except (KeyError, ValueError) as error:
            _log.error("person_unreadable", f"row {row['RowKey']} of people: {error!r}")


def _from_row(row: Row) -> Person:
    name, cost_centre = row.get("display_name"), row.get("cost_centre")
    return Person(
        subject=str(row["subject"]),
        display_name=None if name is None else normalize("NFC", str(name)),
        cost_centre=None if cost_centre is None else str(cost_centre),
        valid_from=date.fromisoformat(str(row["valid_from"])),
    )
