"""Table Storage in memory: the same transactions, refusals and ETags, without a server."""

from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime

from table_api.errors import AlreadyExists, ChangedMeanwhile
from table_api.storage.keys import EVERY_ROW, KeyRange
from table_api.storage.table_storage import (
    ROWS_PER_PAGE,
    Delete,
    Insert,
    Merge,
    Operation,
    PassedOver,
    Replace,
    Row,
    S,
    Upsert,
    Value,
    as_structs,
    etag_of,
)
from table_api.storage.timestamp import now_utc
from table_api.storage.transaction import encode_transaction, read_columns

_Partition = tuple[str, str]
"""Table and partition key."""


class MemoryTableStorage:
    """The twin of AzureTableStorage. One event loop; nothing survives the process."""

    def __init__(self, *, now: Callable[[], datetime] = now_utc) -> None:
        self._now = now
        self._rows: dict[_Partition, dict[str, Row]] = {}
        self._row_keys: dict[_Partition, list[str]] = {}
        self._tables: set[str] = set()
        self._writes = 0

    async def create_table(self, table: str) -> None:
        """See TableStorage."""
        self._tables.add(table)

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        """See TableStorage."""
        encode_transaction(f"memory://{table}", partition_key, operations)  # its checks are ours
        if table not in self._tables:
            raise ChangedMeanwhile(f"table {table} does not stand")
        partition = (table, partition_key)
        rows = self._rows.setdefault(partition, {})
        for operation in operations:
            standing = rows.get(operation.row_key)
            if isinstance(operation, Insert) and standing is not None:
                raise AlreadyExists(f"row {operation.row_key!r} stands")
            if isinstance(operation, Replace | Merge) and (
                standing is None or etag_of(standing) != operation.etag
            ):
                raise ChangedMeanwhile(f"row {operation.row_key!r} is not the one that was read")
            if isinstance(operation, Delete) and standing is None:
                raise ChangedMeanwhile(f"row {operation.row_key!r} is gone")
        etags = []
        for operation in operations:
            if isinstance(operation, Delete):
                del rows[operation.row_key]
                self._row_keys[partition].remove(operation.row_key)
            else:
                etags.append(self._write(partition, operation))
        return etags

    def _write(self, partition: _Partition, operation: Insert | Replace | Merge | Upsert) -> str:
        self._writes += 1
        row: Row = {"PartitionKey": partition[1], "RowKey": operation.row_key}
        if isinstance(operation, Merge):
            row = dict(self._rows[partition][operation.row_key])
        row["Timestamp"] = f"{self._now():%Y-%m-%dT%H:%M:%S}.{self._writes:07d}Z"
        columns = operation.columns
        if isinstance(columns, bytes):
            columns = read_columns(columns)
        row.update({name: _as_read(value) for name, value in columns.items()})
        if operation.row_key not in self._rows[partition]:
            insort(self._row_keys.setdefault(partition, []), operation.row_key)
        self._rows[partition][operation.row_key] = row
        return etag_of(row)

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        """See TableStorage."""
        row = self._rows.get((table, partition_key), {}).get(row_key)
        return dict(row) if row is not None else None

    async def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """See TableStorage."""
        row_keys = self._row_keys.get((table, partition_key), [])
        found = row_keys[bisect_left(row_keys, keys.start) : bisect_left(row_keys, keys.stop)]
        rows = self._rows.get((table, partition_key), {})
        size = min(rows_max or ROWS_PER_PAGE, ROWS_PER_PAGE)
        for start in range(0, len(found), size):
            page = [rows[key] for key in found[start : start + size]]
            yield [{name: row[name] for name in (select or row) if name in row} for row in page]
            if rows_max is not None and start + size >= rows_max:
                return

    def query_as(
        self, table: str, partition_key: str, keys: KeyRange, kind: type[S], select: Sequence[str]
    ) -> AsyncIterator[list[S]]:
        """See TableStorage."""
        return as_structs(self.query(table, partition_key, keys, select=select), kind)

    async def changed(
        self, table: str, partition_key: str, since: str, *, select: Sequence[str]
    ) -> AsyncIterator[list[Row]]:
        """See TableStorage."""
        every_row = self.query(table, partition_key, EVERY_ROW, select=["RowKey", "Timestamp"])
        later = [row async for page in every_row for row in page if str(row["Timestamp"]) >= since]
        rows = self._rows.get((table, partition_key), {})
        for start in range(0, len(later), ROWS_PER_PAGE):
            page = [rows[str(row["RowKey"])] for row in later[start : start + ROWS_PER_PAGE]]
            yield [{name: row[name] for name in select if name in row} for row in page]

    async def other_than(
        self,
        table: str,
        partition_key: str,
        passed_over: PassedOver,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """See TableStorage."""
        rows = self._rows.get((table, partition_key), {})
        every = map(rows.__getitem__, self._row_keys.get((table, partition_key), []))
        found = [row for row in every if passed_over.keeps(row)]
        size = min(rows_max or ROWS_PER_PAGE, ROWS_PER_PAGE)
        for start in range(0, len(found), size):
            page = found[start : start + size]
            yield [{name: row[name] for name in (select or row) if name in row} for row in page]
            if rows_max is not None and start + size >= rows_max:
                return

    async def partitions(self, table: str) -> AsyncIterator[str]:
        """See TableStorage."""
        for of_table, partition_key in sorted(self._rows):
            if of_table == table and self._rows[of_table, partition_key]:
                yield partition_key

    async def close(self) -> None:
        """See TableStorage."""


def _as_read(value: Value) -> Value:
    """An Int64 comes back as its decimal string, as over HTTP."""
    return value if isinstance(value, str | bool) else str(value)
