"""The tables of a Log Analytics workspace that Application Insights fills, as DuckDB tables.

The columns are those of telemetry/queries/schema.json, which the queries are checked against.
"""

from telemetry.queries.schema import read_schema

ITEMS = "items"
"""The schema of the stored tables. A query sees views of them, cut to its timespan."""
STORED_AS = {
    "string": "VARCHAR",
    "datetime": "TIMESTAMPTZ",
    "dynamic": "JSON",
    "int": "INTEGER",
    "long": "BIGINT",
    "real": "DOUBLE",
    "bool": "BOOLEAN",
}
"""DuckDB's type for each of Kusto's."""
ANSWERED_AS = {
    "VARCHAR": "string",
    "TIMESTAMP WITH TIME ZONE": "datetime",
    "TIMESTAMP": "datetime",
    "JSON": "dynamic",
    "VARCHAR[]": "dynamic",
    "INTEGER": "int",
    "BIGINT": "long",
    "HUGEINT": "long",
    "DOUBLE": "real",
    "BOOLEAN": "bool",
}
"""Kusto's type for each of DuckDB's that an answer may have."""

TABLES = read_schema()
"""The type of each column, by table and column."""


def creations() -> list[str]:
    """The statements that create what is missing."""
    statements = [f"CREATE SCHEMA IF NOT EXISTS {ITEMS}"]
    for table, columns in TABLES.items():
        typed = ", ".join(f'"{name}" {STORED_AS[kind]}' for name, kind in columns.items())
        statements.append(f'CREATE TABLE IF NOT EXISTS {ITEMS}."{table}" ({typed})')
    return statements
