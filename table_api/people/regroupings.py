"""Past days whose cost centre an import of people changed: a record of each, in table `people`.

Totals by cost centre are grouped by the people of today, so such an import moves them. This record
is what keeps it from being silent. It holds no name.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime

from table_api.people.people import PEOPLE_TABLE
from table_api.storage.keys import EVERY_ROW
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Insert, Row, TableStorage, Value

REGROUPINGS_PARTITION = "regroupings"
LISTED_MAX = 1_000
"""Records that one read gives, the newest."""

_AMOUNTS = ("charge", "delta")


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrouping:
    """Calls of one subject and month that count for another cost centre than before."""

    subject: str
    first_day: date
    last_day: date
    """The last charge day with a call."""
    before: str | None
    """Cost centre; None is none."""
    after: str | None
    calls: int
    charge: int
    """What moves from one group to the other, in pico-units of the pricing currency."""
    repriced: int = 0
    """Calls that a re-rating run with their own book would change."""
    delta: int = 0
    """By how much it would change their charge, pico-units."""
    not_compared: int = 0
    """Calls whose book is not in the archive, or is damaged: a run might change them."""
    closed: bool = False
    """The month is closed: its invoices stay as they are."""
    recorded_at: datetime | None = None
    """When the people were imported."""


class Regroupings:
    """The records. Methods may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def add(self, found: Sequence[Regrouping], *, at: datetime) -> None:
        """To be called before the people are saved: none of them changes a past day unseen."""
        await self._storage.create_table(PEOPLE_TABLE)
        # The newest first, as a table sorts.
        newest = f"{10**17 - int(at.timestamp() * 1_000_000):018d}"
        rows = [
            Insert(f"{newest}|{number:06d}", _columns(replace(each, recorded_at=at)))
            for number, each in enumerate(found)
        ]
        for part in chunks(rows, OPERATIONS_MAX):
            await self._storage.transact(PEOPLE_TABLE, REGROUPINGS_PARTITION, part)

    async def newest(self) -> list[Regrouping]:
        """The newest import first; at most LISTED_MAX."""
        found: list[Regrouping] = []
        async for page in self._storage.query(
            PEOPLE_TABLE, REGROUPINGS_PARTITION, EVERY_ROW, rows_max=LISTED_MAX
        ):
            found.extend(map(_from_row, page))
        return found[:LISTED_MAX]


def _columns(regrouping: Regrouping) -> dict[str, Value]:
    columns: dict[str, Value] = {}
    for name, value in asdict(regrouping).items():
        if isinstance(value, datetime):
            columns[name] = value.astimezone(UTC).isoformat()
        elif isinstance(value, date):
            columns[name] = value.isoformat()
        elif name in _AMOUNTS:
            columns[name] = str(value)
        elif value is not None:
            columns[name] = value
    return columns


def _from_row(row: Row) -> Regrouping:
    before, after = row.get("before"), row.get("after")
    return Regrouping(
        subject=str(row["subject"]),
        first_day=date.fromisoformat(str(row["first_day"])),
        last_day=date.fromisoformat(str(row["last_day"])),
        before=None if before is None else str(before),
        after=None if after is None else str(after),
        calls=int(row["calls"]),
        charge=int(row["charge"]),
        repriced=int(row["repriced"]),
        delta=int(row["delta"]),
        not_compared=int(row["not_compared"]),
        closed=row["closed"] is True,
        recorded_at=datetime.fromisoformat(str(row["recorded_at"])),
    )
