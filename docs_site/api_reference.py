"""The API reference, made from the app's own OpenAPI document.

Routes, parameters, fields, types and statuses are the document's. What each of them means is
written once, in docs/api.md, which GitHub shows whole; the site shows it next to the types.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from table_api.http_api.app import create_app
from table_api.http_api.openapi import openapi_of
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage

Schema = dict[str, Any]

_ENDPOINTS = "\n## Endpoints\n"
"""Where docs/api.md stops to explain and begins to list."""
_SECTION = re.compile(r"^### `?([^`\n]+)`?\n((?:(?!##).*\n?)*)", re.MULTILINE)
_INHERITED = re.compile(r"^Has the fields of `(\w+)`.*\n", re.MULTILINE)
_LISTED = re.compile(r"^\| (?:parameter|field) \|.*\n(?:\|.*\n?)*", re.MULTILINE)
_ROW = re.compile(r"^\| (`[^|]+) \| (.*) \|$", re.MULTILINE)
_WORDS = {
    "date": "day",
    "date-time": "time",
    "binary": "file",
    r"^-?[0-9]+(\.[0-9]+)?$": "decimal",
    r"^[0-9]{4}-(0[1-9]|1[0-2])$": "month",
    "string": "text",
}
"""A format, a pattern or a type of the document in words."""
_HEAD = """\
# API reference

All endpoints, made from the server's own OpenAPI document, which it serves as `/openapi.json`. What
all of them share, from money to pages and caching, is in [HTTP API](api.md).
"""
_INSTEAD = f"""
{_ENDPOINTS.strip()}

Each endpoint and each answer, with their types: [API reference](#v1usage).
"""


@cache
def _openapi() -> Schema:
    return openapi_of(create_app(MemoryTableStorage(), MemoryBlobStore()))


def anchor_of(name: str) -> str:
    """What a heading is linked by, as GitHub makes it."""
    return re.sub(r"\W", "", name).lower()


@cache
def anchors() -> frozenset[str]:
    """Every heading of the reference."""
    document = _openapi()
    return frozenset(map(anchor_of, [*document["paths"], *document["components"]["schemas"]]))


def split(page: str) -> tuple[str, str]:
    """docs/api.md without what it lists, and the reference that lists it on the site."""
    explained, found, listed = page.partition(_ENDPOINTS)
    if not found:
        raise ValueError("docs/api.md has no heading `## Endpoints`")
    return explained + _INSTEAD, "\n".join(_reference(dict(_SECTION.findall(listed))))


def _reference(sections: dict[str, str]) -> Iterator[str]:
    document = _openapi()
    schemas = document["components"]["schemas"]
    yield _HEAD
    yield "## Endpoints\n"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"### `{method.upper()} {path}` {{ #{anchor_of(path)} }}\n"
            yield _operation(operation, sections.get(path, ""))
    yield "## Answers\n"
    for name, schema in schemas.items():
        if "properties" in schema:
            yield f"### {name}\n"
            yield _answer(name, schema, sections)
    yield "## Values\n"
    for name, schema in schemas.items():
        if "enum" in schema:
            yield f"### {name}\n"
            yield f"{schema.get('description', '')}\n"
            yield ", ".join(f"`{value}`" for value in schema["enum"]) + "\n"


def _operation(operation: Schema, section: str) -> str:
    meanings = _meanings(section)
    rows = [
        (each["name"], _asked(each), meanings.get(each["name"]) or each.get("description", ""))
        for each in operation.get("parameters", [])
    ]
    statuses = sorted(operation["responses"])
    good = ", ".join(f"`{each}`" for each in statuses if each < "400")
    refused = ", ".join(f"`{each}`" for each in statuses if each >= "400")
    return (
        _with_table(section or operation.get("description", ""), "parameter", rows)
        + f"\nStatuses: {good}; {refused} with a [Problem](#problem).\n"
    )


def _answer(name: str, schema: Schema, sections: dict[str, str]) -> str:
    rows = [
        (field, _type(each), _meaning(sections, name, field) or each.get("description", ""))
        for field, each in schema["properties"].items()
    ]
    section = _INHERITED.sub("", sections.get(name, ""))
    only_a_table = not _LISTED.sub("", section).strip()
    return _with_table(
        f"{schema.get('description', '')}\n\n{section}" if only_a_table else section, "field", rows
    )


def _with_table(section: str, first: str, rows: list[tuple[str, str, str]]) -> str:
    """A section of docs/api.md with the document's table in the place of its own."""
    if not rows:
        return f"{section.strip()}\n"
    lines = [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in rows]
    table = "\n".join([f"| {first} | type | meaning |", "|---|---|---|", *lines, ""])
    if found := _LISTED.search(section):
        return f"{section[: found.start()]}{table}{section[found.end() :]}".strip() + "\n"
    return f"{section.strip()}\n\n{table}"


def _meanings(section: str) -> dict[str, str]:
    return {
        name: meaning
        for table in _LISTED.findall(section)
        for names, meaning in _ROW.findall(table)
        for name in re.findall(r"`([^`]+)`", names)
    }


def _meaning(sections: dict[str, str], schema: str, field: str) -> str:
    """What a field means: by its own section, or by the one whose fields it has too."""
    section = sections.get(schema, "")
    inherited = _INHERITED.search(section)
    found = _meanings(section).get(field, "")
    return found if found or not inherited else _meaning(sections, inherited[1], field)


def _asked(parameter: Schema) -> str:
    """A parameter's type, limits and default."""
    schema = parameter["schema"]
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    text = " or ".join(map(_type, kinds))
    if parameter["in"] == "path":
        return f"{text}, in the path"
    default = schema.get("default")
    if default in (None, ""):
        return text
    return f"{text}; `{str(default).lower() if isinstance(default, bool) else default}` by default"


def _type(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{anchor_of(name)})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    kind = schema["type"]
    if kind == "array":
        return f"list of {_type(schema['items'])}"
    if kind == "object":
        of = _type(schema["additionalProperties"])
        by = schema.get("propertyNames")
        return f"{of} by {_type(by)}" if by else f"{of} by name"
    if kind == "null":
        return "`null`"
    keys = (schema.get("format"), schema.get("pattern"), kind)
    return next((_WORDS[key] for key in keys if key in _WORDS), kind) + _limits(schema)


def _limits(schema: Schema) -> str:
    if "maxLength" in schema:
        return f" of at most {schema['maxLength']} characters"
    if "minimum" in schema and "maximum" in schema:
        return f" from {schema['minimum']} to {schema['maximum']}"
    return ""
