"""The Python client is made from the OpenAPI document of today, and reads every answer of it."""

import importlib
import json
import re
from decimal import Decimal

import msgspec

from chargeback.client_code import FOLDER, client_code
from table_api.http_api.app import ROUTES
from table_api.http_api.openapi import EXAMPLES


def test_the_client_is_made_from_the_document() -> None:
    made = client_code()
    for name, text in made.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, (
            f"{name}: run python -m chargeback.client_code"
        )
    there = {f"answers/{file.name}" for file in (FOLDER / "answers").glob("*.py")}
    assert there == set(made) - {"client.py"}


def test_every_answer_is_read_whole() -> None:
    examples = json.loads(EXAMPLES.read_bytes())
    structs = {
        name: value
        for file in (FOLDER / "answers").glob("*.py")
        for name, value in vars(
            importlib.import_module(f"chargeback_client.answers.{file.stem}")
        ).items()
        if isinstance(value, type) and issubclass(value, msgspec.Struct)
    }
    for route in ROUTES:
        path = route.path.replace(":path", "")
        if path not in examples:
            continue
        assert route.answer is not None
        read = msgspec.json.decode(json.dumps(examples[path]), type=structs[route.answer.__name__])
        again = msgspec.to_builtins(read)
        assert _without_nulls(again) == _without_nulls(examples[path])


def _without_nulls(value: object) -> object:
    """What is absent from an answer is None in the client; amounts and times have two spellings."""
    if isinstance(value, dict):
        return {name: _without_nulls(each) for name, each in value.items() if each is not None}
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if not isinstance(value, str):
        return value
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?(E-[0-9]+)?", value):
        return Decimal(value)
    return value.replace("+00:00", "Z")
