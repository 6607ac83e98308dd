"""The columns of a list, read from the model of its answer, so that they do not depend on data."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec
from pydantic import BaseModel

from pricing_rules.units import Unit
from table_api.http_api.conventions.models import MONEY_PATTERN, Units


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    MONEY = "money"
    DAY = "day"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: where its value lies in the JSON of a line."""

    path: tuple[str, ...]
    kind: Kind
    optional: bool = False
    """Whether lines may be without it, whatever the question was."""

    @property
    def name(self) -> str:
        """`cost_charge` for the charge in a line's cost."""
        return "_".join(self.path)

    def value(self, line: Mapping[str, Any]) -> str:
        """As a cell has it; empty where the line has none."""
        found: Any = line
        for name in self.path:
            found = found.get(name) if isinstance(found, dict) else None
        return _text(found)


def line_model(answer: type[BaseModel] | None) -> type[BaseModel] | None:
    """The model of the lines in `data`; None of an answer that is no list."""
    field = answer.model_fields.get("data") if answer is not None else None
    inner = get_args(field.annotation) if field is not None else ()
    return inner[0] if inner and issubclass(inner[0], BaseModel) else None


def line_columns(model: type[BaseModel]) -> list[Column]:
    """What a line is about, then its counts and amounts, then its quantities."""
    of_its_own = [name for name in model.__annotations__ if name in model.model_fields]
    names = [*of_its_own, *(name for name in model.model_fields if name not in of_its_own)]
    found = list(_columns(model, names))
    return sorted(found, key=lambda column: column.path[0] == "units")


def head_columns(model: type[BaseModel]) -> list[Column]:
    """What a list says about itself: its range, zone, currency and so on."""
    names = [
        name
        for name, field in model.model_fields.items()
        if name not in {"totals", "page"} and get_origin(field.annotation) not in (list, dict)
    ]
    return list(_columns(model, names))


def _columns(model: type[BaseModel], names: list[str]) -> Iterator[Column]:
    for name in names:
        field = model.model_fields[name]
        for path, kind in _leaves(field.annotation, field.metadata):
            yield Column((field.alias or name, *path), kind, not field.is_required())


def _leaves(annotation: Any, metadata: list[Any]) -> Iterator[tuple[tuple[str, ...], Kind]]:
    """The columns of one field. A list or object that is no model is one column."""
    if get_origin(annotation) is Annotated:
        annotation, *more = get_args(annotation)
        metadata = [*metadata, *more]
    if get_origin(annotation) in (Union, UnionType):
        [annotation] = [each for each in get_args(annotation) if each is not type(None)]
        yield from _leaves(annotation, metadata)
    elif annotation == Units:
        yield from (((unit.value,), Kind.WHOLE) for unit in Unit)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for column in _columns(annotation, list(annotation.model_fields)):
            yield column.path, column.kind
    else:
        yield (), _kind(annotation, metadata)


def _kind(annotation: Any, metadata: list[Any]) -> Kind:
    patterns = [getattr(part, "pattern", None) for each in metadata for part in _parts(each)]
    if MONEY_PATTERN in patterns:
        return Kind.MONEY
    for kind, of_type in ((Kind.TIME, datetime), (Kind.DAY, date)):
        if annotation is of_type:
            return kind
    return Kind.WHOLE if annotation is int else Kind.TEXT


def _parts(metadata: Any) -> list[Any]:
    """Inside of a union pydantic leaves a field's constraints together."""
    return [metadata, *getattr(metadata, "metadata", [])]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return "; ".join(value)
    if isinstance(value, dict | list):
        return msgspec.json.encode(value).decode()
    return str(value)
