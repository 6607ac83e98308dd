"""The seam to Table Storage; `azure_tables` and `memory_tables` implement it.

Rows are flat dicts of str, int and bool. Integers travel as Edm.Int64, and a read gives them back
as decimal strings (that is how the service spells an Int64 without metadata): readers say `int()`.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import NewType, Protocol, TypeVar
from urllib.parse import quote

import msgspec

from table_api.storage.keys import KeyRange, text_literal

Value = str | int | bool
Row = dict[str, Value]
S = TypeVar("S", bound=msgspec.Struct)

ColumnsText = NewType("ColumnsText", bytes)
"""The columns of a row as their JSON travels, without braces: see `transaction.columns_text`."""

OPERATIONS_MAX = 100
"""Operations in one transaction, by the service."""
ROWS_PER_PAGE = 1_000
"""Rows in one page of a query, by the service."""


class Insert(msgspec.Struct, frozen=True, gc=False):
    """Create a row; the whole transaction fails with AlreadyExists when it stands."""

    row_key: str
    columns: Mapping[str, Value] | ColumnsText


class Replace(msgspec.Struct, frozen=True, gc=False):
    """Replace all columns of a row that still has `etag`; else ChangedMeanwhile."""

    row_key: str
    columns: Mapping[str, Value] | ColumnsText
    etag: str


class Merge(msgspec.Struct, frozen=True, gc=False):
    """Change some columns of a row that still has `etag`; else ChangedMeanwhile. Others stay."""

    row_key: str
    columns: Mapping[str, Value]
    etag: str


class Upsert(msgspec.Struct, frozen=True, gc=False):
    """Insert or replace without a condition: only for rows with one writer and no money."""

    row_key: str
    columns: Mapping[str, Value]


class Delete(msgspec.Struct, frozen=True, gc=False):
    """Remove a row, whatever it holds; ChangedMeanwhile when it is gone. A transaction deletes
    only or writes only.
    """

    row_key: str


Operation = Insert | Replace | Merge | Upsert | Delete


def text_chars(text: str) -> int:
    """Characters as the service counts them: of UTF-16, so that an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def row_bytes(partition_key: str, row_key: str, columns: Mapping[str, Value]) -> int:
    """Bytes of a row as the service counts them: two for each character, and some more."""
    size = 4 + 2 * (len(partition_key) + len(row_key))
    for name, value in columns.items():
        size += 8 + 2 * len(name)
        size += 4 + 2 * text_chars(value) if isinstance(value, str) else 8
    return size


class PassedOver(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that a query leaves out: with a text in one column, or an earlier text than `start` in
    another. A row without the column has no such text.
    """

    column: str
    value: str
    from_column: str | None = None
    start: str = ""

    def keeps(self, row: Row) -> bool:
        """Whether a row is none of them."""
        if row.get(self.column) == self.value:
            return False
        if self.from_column is None or self.from_column not in row:
            return True
        return str(row[self.from_column]) >= self.start

    def others(self) -> str:
        """The service's filter of the others. Not by `ne` and `ge`, which a row without the column
        does not meet either.
        """
        found = f"not ({self.column} eq {text_literal(self.value)})"
        if self.from_column is None:
            return found
        return f"{found} and not ({self.from_column} lt {text_literal(self.start)})"


def etag_of(row: Row) -> str:
    """The ETag of a row as read: the service derives it from `Timestamp`, and so does its SDK."""
    return f"W/\"datetime'{quote(str(row['Timestamp']), safe='')}'\""


async def as_structs(pages: AsyncIterator[list[Row]], kind: type[S]) -> AsyncIterator[list[S]]:
    """`query_as` of a storage that has the rows as dicts."""
    async for page in pages:
        yield msgspec.convert(page, list[kind], strict=False)  # type: ignore[valid-type]


class TableStorage(Protocol):
    """One storage account. Every method may raise Unavailable."""

    async def create_table(self, table: str) -> None:
        """Create the table when it does not stand."""

    async def transact(
        self, table: str, partition_key: str, operations: Sequence[Operation]
    ) -> list[str]:
        """Do all operations or none, on one partition; gives the new ETags in their order, and
        none for deletions.

        Raises AlreadyExists, ChangedMeanwhile or Rejected when nothing was written, Unavailable
        when that is not known. It never retries by itself.
        """

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        """One row with its keys and `Timestamp`, or None."""

    def query(
        self,
        table: str,
        partition_key: str,
        keys: KeyRange,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """The rows of a key range in key order, page by page; a page may be empty.

        `select` narrows the columns. With `rows_max` the iteration may stop early, after at least
        that many rows.
        """

    def query_as(
        self, table: str, partition_key: str, keys: KeyRange, kind: type[S], select: Sequence[str]
    ) -> AsyncIterator[list[S]]:
        """The same with each row as a Struct of a kind, which takes a third less time than a dict.

        What is not selected, or absent from a row, has the Struct's default. Raises
        msgspec.ValidationError for a row that is not of the kind.
        """

    def changed(
        self, table: str, partition_key: str, since: str, *, select: Sequence[str]
    ) -> AsyncIterator[list[Row]]:
        """The rows of a partition whose `Timestamp` is `since` or later, and perhaps others, page
        by page; a page may be empty. `since` is written as a `Timestamp` is.
        """

    def other_than(
        self,
        table: str,
        partition_key: str,
        passed_over: PassedOver,
        *,
        select: Sequence[str] | None = None,
        rows_max: int | None = None,
    ) -> AsyncIterator[list[Row]]:
        """The rows of a partition but for some, as `query` gives them. The service looks through
        those too: they take its time, and no row of an answer.
        """

    def partitions(self, table: str) -> AsyncIterator[str]:
        """Every partition key of the table that has a row, in order; one request each."""

    async def close(self) -> None:
        """Release connections."""
