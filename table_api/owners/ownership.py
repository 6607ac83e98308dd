"""Table `owners`: who owns a cost centre, a subscription or an application, and in which days.

An owner sees the usage of what they own. It gives nobody a role, and changes no bill.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from table_api.storage.keys import EVERY_ROW, encode_part
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import OPERATIONS_MAX, Delete, Row, TableStorage, Upsert, Value
from table_api.storage.timestamp import is_recent
from telemetry.log import Log

OWNERS_TABLE = "owners"
OWNERS_PARTITION = "owners"
OWNERS_AGE_S_MAX = 30
"""How old the owners may be in the API: an import shows after so many seconds."""

_log = Log("table_api")


class Kind(StrEnum):
    """What can be owned."""

    COST_CENTRE = "cost_centre"
    SUBSCRIPTION = "subscription"
    APP = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ownership:
    """One owner of one thing, in a range of charge days."""

    owner: str
    """Subject of a person or service, as in the ledger."""
    kind: Kind
    name: str
    """Of the cost centre, or the id of the subscription or application."""
    valid_from: date
    """First charge day, in the ledger's billing zone."""
    valid_until: date | None
    """The charge day after the last one; None while it lasts."""

    @property
    def subject(self) -> str | None:
        """The subject that is owned; None for a cost centre."""
        return None if self.kind is Kind.COST_CENTRE else f"{self.kind}:{self.name}"

    def holds(self, day: date) -> bool:
        """Whether it holds on a charge day."""
        return self.valid_from <= day and (self.valid_until is None or day < self.valid_until)


class Owners:
    """Reads and imports ownerships. Methods may raise Unavailable."""

    def __init__(
        self,
        storage: TableStorage,
        *,
        now: Callable[[], datetime],
        age_s_max: int = OWNERS_AGE_S_MAX,
    ) -> None:
        self._storage = storage
        self._now = now
        self._age_max = timedelta(seconds=age_s_max)
        self._by_owner: dict[str, tuple[Ownership, ...]] = {}
        self._read_at: datetime | None = None

    async def of(self, owner: str) -> tuple[Ownership, ...]:
        """What somebody owns, has owned or will own; at most `age_s_max` seconds old."""
        now = self._now()
        if not is_recent(self._read_at, now=now, age_max=self._age_max):
            by_owner: dict[str, tuple[Ownership, ...]] = {}
            for each in await self.all():
                by_owner[each.owner] = (*by_owner.get(each.owner, ()), each)
            self._by_owner, self._read_at = by_owner, now
        return self._by_owner.get(owner, ())

    async def all(self) -> list[Ownership]:
        """Every row, read now, by owner."""
        found: list[Ownership] = []
        async for page in self._storage.query(OWNERS_TABLE, OWNERS_PARTITION, EVERY_ROW):
            found.extend(_readable(page))
        return found

    async def erase(self, owner: str) -> int:
        """Forget what somebody owns; how many rows said so, damaged ones too."""
        of_owner = f"{encode_part(owner)}|"
        pages = self._storage.query(OWNERS_TABLE, OWNERS_PARTITION, EVERY_ROW)
        keys = [
            str(row["RowKey"])
            async for page in pages
            for row in page
            if str(row["RowKey"]).startswith(of_owner) or row.get("owner") == owner
        ]
        for part in chunks(keys, OPERATIONS_MAX):
            operations = [Delete(key) for key in part]
            await self._storage.transact(OWNERS_TABLE, OWNERS_PARTITION, operations)
        self._read_at = None
        return len(keys)

    async def save(self, rows: Sequence[Ownership]) -> None:
        """Insert or replace rows by owner, kind, name and first day."""
        await self._storage.create_table(OWNERS_TABLE)
        for part in chunks(rows, OPERATIONS_MAX):
            operations = [Upsert(_row_key(each), _columns(each)) for each in part]
            await self._storage.transact(OWNERS_TABLE, OWNERS_PARTITION, operations)
        self._read_at = None


def _row_key(each: Ownership) -> str:
    parts = (encode_part(each.owner), each.kind.value, encode_part(each.name))
    return "|".join((*parts, each.valid_from.isoformat()))


def _columns(each: Ownership) -> dict[str, Value]:
    columns: dict[str, Value] = {
        "owner": each.owner,
        "kind": each.kind.value,
        "name": each.name,
        "valid_from": each.valid_from.isoformat(),
    }
    if each.valid_until is not None:
        columns["valid_until"] = each.valid_until.isoformat()
    return columns


def _readable(rows: Iterable[Row]) -> Iterator[Ownership]:
    """A damaged row gives nobody anything: it is named, and the others count. So it is with one
    that names another owner, thing or first day than its key.
    """
    for row in rows:
        try:
            ownership = _from_row(row)
            if _row_key(ownership) != row["RowKey"]:
                raise ValueError("it names an owner, thing or day that is not its key's")
            yield ownership
        except (KeyError, ValueError) as error:
            _log.error("ownership_unreadable", f"row {row['RowKey']} of owners: {error!r}")


def _from_row(row: Row) -> Ownership:
    until = row.get("valid_until")
    return Ownership(
        owner=str(row["owner"]),
        kind=Kind(str(row["kind"])),
        name=str(row["name"]),
        valid_from=date.fromisoformat(str(row["valid_from"])),
        valid_until=None if until is None else date.fromisoformat(str(until)),
    )
