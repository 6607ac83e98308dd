"""The flag `--json`, and what it prints: one JSON document on stdout."""

import dataclasses
import json
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="as JSON")]


def print_json(value: object) -> None:
    """Data classes as objects, what JSON does not know as text."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return str(value)
