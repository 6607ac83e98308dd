"""FOCUS rows as Parquet. Rendered on demand and not stored: pyarrow is too large for the job.

The same rows give the same bytes within one version of pyarrow, whose name stands in the file.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from importlib.util import find_spec
from io import BytesIO
from typing import Any

from table_api.invoicing.focus.columns import FocusRow, Kind

PRECISION, SCALE = 38, 14
"""Decimals as the FOCUS data toolkit writes them; ours have at most 12."""


def makes_parquet() -> bool:
    """Whether pyarrow is installed. The deployed function app does without it."""
    return find_spec("pyarrow") is not None


def focus_parquet(columns: Mapping[str, Kind], rows: Iterable[FocusRow]) -> bytes:
    """Typed columns: decimal128, UTC timestamps, strings."""
    import pyarrow as pa  # type: ignore[import-untyped]  # noqa: PLC0415  # no stubs; 170 MB
    from pyarrow import parquet  # noqa: PLC0415

    types: dict[Kind, Any] = {
        "string": pa.string(),
        "decimal": pa.decimal128(PRECISION, SCALE),
        "instant": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])
    values = [{name: _typed(row.get(name), kind) for name, kind in columns.items()} for row in rows]
    buffer = BytesIO()
    table = pa.Table.from_pylist(values, schema=schema)
    parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _typed(text: str | None, kind: Kind) -> str | Decimal | datetime | None:
    if text is None or kind == "string":
        return text
    return Decimal(text) if kind == "decimal" else datetime.fromisoformat(text)
