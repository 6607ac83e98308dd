"""Table `takenout`: which places of a call people took out. Rows are created, never changed.

Creating a call's next row is the decision. So two people who decide at once see each other's row,
and one place at least stays.
"""

from dataclasses import dataclass

from table_api.storage.keys import EVERY_ROW, encode_part
from table_api.storage.named_rows import naming
from table_api.storage.table_storage import Insert, Row, TableStorage, Value

TAKEN_OUT_TABLE = "takenout"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenOut:
    """One decision: a call counts no more at `out`."""

    call_id: str
    number: int
    """From 1 on, of one call."""
    out: str
    """Address of the place."""
    stays: str
    """Address of a place that counts the call, and that no decision takes out."""
    by: str
    why: str


class TakenOutPlaces:
    """Reads and writes the decisions. Every method may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def of_call(self, call_id: str) -> list[TakenOut]:
        """All decisions about a call, by number. Altered names a row that cannot be read."""
        await self._storage.create_table(TAKEN_OUT_TABLE)
        pages = self._storage.query(TAKEN_OUT_TABLE, encode_part(call_id), EVERY_ROW)
        return [_read(row) async for page in pages for row in page]

    async def add(self, taken: TakenOut) -> None:
        """AlreadyExists where somebody else has made the decision of this number."""
        columns: dict[str, Value] = {
            "call_id": taken.call_id,
            "out": taken.out,
            "stays": taken.stays,
            "by": taken.by,
            "why": taken.why,
        }
        row = Insert(f"{taken.number:04}", columns)
        await self._storage.transact(TAKEN_OUT_TABLE, encode_part(taken.call_id), [row])


def _read(row: Row) -> TakenOut:
    with naming(TAKEN_OUT_TABLE, row):
        return TakenOut(
            call_id=str(row["call_id"]),
            number=int(row["RowKey"]),
            out=str(row["out"]),
            stays=str(row["stays"]),
            by=str(row["by"]),
            why=str(row["why"]),
        )
