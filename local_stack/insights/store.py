"""The stored items: one DuckDB database, in a file or in memory. Knows neither HTTP nor KQL."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa  # type: ignore[import-untyped]

from local_stack.insights.errors import InsightsError
from local_stack.insights.items import Row
from local_stack.insights.tables import ITEMS, TABLES, creations

_ARROW = {
    "string": pa.string(),
    "datetime": pa.timestamp("us", tz="UTC"),
    "dynamic": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "real": pa.float64(),
    "bool": pa.bool_(),
}
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",  # no query reads a file or an address
    "threads": "1",  # the machine has other parts of the stack to run
    "memory_limit": "1GB",
}


class Store:
    """Writers take turns; each reader has a cursor of its own."""

    def __init__(self, path: Path | None = None) -> None:
        """In memory without a path. InsightsError when the file is no such database, or in use."""
        try:
            self._database = duckdb.connect(str(path or ":memory:"), config=_CONFIG)
            for statement in creations():
                self._database.execute(statement)
        except duckdb.Error as error:
            raise InsightsError(f"{path} cannot be opened: {error}") from error
        self._writing = threading.Lock()

    def close(self) -> None:
        self._database.close()

    def add(self, rows: Mapping[str, Sequence[Row]]) -> None:
        """Store rows by table, all or none."""
        with self._writing, self._database.cursor() as cursor:
            cursor.begin()
            for table, new in rows.items():
                columns = TABLES[table]
                # Kusto has no text that is null.
                arrow = pa.table(
                    {
                        name: [row.get(name, "" if kind == "string" else None) for row in new]
                        for name, kind in columns.items()
                    },
                    schema=pa.schema([(name, _ARROW[kind]) for name, kind in columns.items()]),
                )
                cursor.register("incoming", arrow)
                cursor.execute(f'INSERT INTO {ITEMS}."{table}" BY NAME SELECT * FROM incoming')
                cursor.unregister("incoming")
            cursor.commit()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """For one query; close it."""
        return self._database.cursor()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table as they were stored, for those who check what arrived."""
        if table not in TABLES:
            raise InsightsError(f"no table {table}, only {', '.join(TABLES)}")
        with self._database.cursor() as cursor:
            found = cursor.execute(f'SELECT * FROM {ITEMS}."{table}" ORDER BY TimeGenerated')
            names = [column[0] for column in found.description or []]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def counts(self) -> dict[str, int]:
        """The number of rows by table."""
        with self._database.cursor() as cursor:
            counted = {}
            for table in TABLES:
                [row] = cursor.execute(f'SELECT count(*) FROM {ITEMS}."{table}"').fetchall()
                counted[table] = int(row[0])
            return counted
