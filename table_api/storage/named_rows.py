"""Reading a row that somebody has damaged: the error names the row."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import msgspec

from table_api.errors import AlteredRow
from table_api.storage.table_storage import Row, Value

UNREADABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    msgspec.MsgspecError,
)
"""What reading a damaged row may raise: a column is gone, or is no number, time or JSON."""


@contextmanager
def naming(table: str, row: Row) -> Iterator[None]:
    """Altered, with the row's place, for whatever in the block cannot be read. Only for a block
    that asks storage nothing.
    """
    try:
        yield
    except UNREADABLE as error:
        raise unreadable(table, row, error) from error


def unreadable(table: str, row: Mapping[str, Value], error: Exception) -> AlteredRow:
    """What `naming` raises, for where a block would cost too much."""
    place = f"{table} {row.get('PartitionKey')} {row.get('RowKey')}"
    return AlteredRow(f"row {place} cannot be read: {error!r}")
