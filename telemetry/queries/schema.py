"""The tables that the queries read, as Microsoft documents them: schema.json."""

import json
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
SCHEMA = HERE / "schema.json"

Schema = dict[str, dict[str, str]]


@cache
def read_schema() -> Schema:
    """The Kusto type of each column, by table and column."""
    found: Schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found
