"""The Python client's typed part, made from the OpenAPI document.

    python -m chargeback.client_code

It writes chargeback_client/client.py and chargeback_client/answers/. A test compares both.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from table_api.http_api.app import create_app
from table_api.http_api.conventions.models import MONEY_PATTERN
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage

FOLDER = Path(__file__).parents[1] / "chargeback_client"
MADE = "Made from the OpenAPI document by `python -m chargeback.client_code`."
SHARED = "shared"
KINDS = {"string": "str", "integer": "int", "boolean": "bool", "number": "Decimal"}
FORMATS = {"date": "date", "date-time": "datetime"}
ROOMS = {
    "healthz": "status", "metering": "status", "completeness": "status", "subjects": "usage",
    "dead-letters": "status",
    "access-log": "people", "regroupings": "people", "me": "people", "rate": "prices",
}  # fmt: skip
"""Modules of answers, where they are not named by the first word of the path."""
DAYS = {"from", "to", "month", "period"}
Schemas = Mapping[str, Any]


def client_code() -> dict[str, str]:
    """Every file by its path in the package."""
    document = create_app(MemoryTableStorage(), MemoryBlobStore()).openapi()
    schemas: Schemas = document["components"]["schemas"]
    homes = _homes(document["paths"], schemas)
    files = {f"answers/{room}.py": _answers(room, homes, schemas) for room in set(homes.values())}
    files["answers/__init__.py"] = f'"""What the API answers.\n\n{MADE}\n"""\n'
    files["client.py"] = _client(document["paths"], homes)
    return {name: _formatted(text) for name, text in sorted(files.items())}


def _homes(paths: Mapping[str, Any], schemas: Schemas) -> dict[str, str]:
    """The module of each object: shared where several rooms have it."""
    rooms: dict[str, set[str]] = {}
    for path, operations in paths.items():
        for operation in operations.values():
            answer = _answer(operation)
            for name in _reached(answer, schemas) if answer else ():
                rooms.setdefault(name, set()).add(_room(path))
    return {
        name: found.pop() if len(found) == 1 else SHARED
        for name, found in rooms.items()
        if "properties" in schemas[name]
    }


def _room(path: str) -> str:
    word = path.removeprefix("/v1/").strip("/").split("/")[0]
    return ROOMS.get(word, word)


def _reached(name: str, schemas: Schemas) -> set[str]:
    found, left = set(), [name]
    while left:
        each = left.pop()
        if each not in found:
            found.add(each)
            left += re.findall(r"#/components/schemas/(\w+)", str(schemas[each]))
    return found


def _answer(operation: Mapping[str, Any]) -> str | None:
    content = operation["responses"]["200"]["content"].get("application/json", {})
    reference = content.get("schema", {}).get("$ref")
    return None if reference is None else str(reference.rpartition("/")[2])


def _answers(room: str, homes: Mapping[str, str], schemas: Schemas) -> str:
    own = [name for name in schemas if homes.get(name) == room]
    parts = [_struct(name, schemas) for name in _by_need(own, schemas)]
    body = "\n\n".join(parts)
    elsewhere = {name for name in own for name in _reached(name, schemas) if name in homes}
    imports = sorted({name for name in elsewhere if homes[name] == SHARED and room != SHARED})
    return "\n".join((
        f'"""Answers about {room}.\n\n{MADE}\n"""\n',
        *_imports(body),
        "from msgspec import Struct, field" if "field(" in body else "from msgspec import Struct",
        f"from chargeback_client.answers.shared import {', '.join(imports)}" if imports else "",
        body,
    ))  # fmt: skip


def _imports(body: str) -> Iterator[str]:
    for module, names in (("datetime", ("date", "datetime")), ("decimal", ("Decimal",))):
        used = [name for name in names if re.search(rf": ([\w\[\], |]*)\b{name}\b", body)]
        if used:
            yield f"from {module} import {', '.join(used)}"
    if "Any" in body:
        yield "from typing import Any"


def _by_need(names: list[str], schemas: Schemas) -> list[str]:
    """Each after those that it has."""
    return sorted(names, key=lambda name: (len(_reached(name, schemas)), name))


def _struct(name: str, schemas: Schemas) -> str:
    schema = schemas[name]
    text = " ".join(schema.get("description", name).partition("\n\n")[0].split())
    lines = [f"class {name}(Struct, frozen=True, kw_only=True):", f'    """{text}"""', ""]
    required = set(schema.get("required", ()))
    for each, about in schema["properties"].items():
        python = f"{each}_" if each in {"from", "list"} else each
        kind, default = _type(about, schemas), ""
        if each not in required and "None" not in kind:
            kind += " | None"
        if python != each:
            default = f" = field(name={each!r})"
        elif each not in required:
            default = " = None"
        lines.append(f"    {python}: {kind}{default}")
    return "\n".join(lines) + "\n"


def _type(schema: Mapping[str, Any], schemas: Schemas) -> str:
    if "$ref" in schema:
        name = str(schema["$ref"].rpartition("/")[2])
        return name if "properties" in schemas[name] else "str"
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_type(each, schemas) for each in schema["anyOf"]))
    kind = schema.get("type")
    if kind == "null":
        return "None"
    if kind == "array":
        return f"list[{_type(schema['items'], schemas)}]"
    if kind == "object":
        inner = schema.get("additionalProperties", True)
        return f"dict[str, {'Any' if inner is True else _type(inner, schemas)}]"
    if schema.get("pattern") == MONEY_PATTERN:
        return "Decimal"
    return FORMATS.get(str(schema.get("format")), KINDS.get(str(kind), "Any"))


def _client(paths: Mapping[str, Any], homes: Mapping[str, str]) -> str:
    methods, rooms = [], dict[str, set[str]]()
    for path, operations in paths.items():
        [(verb, operation)] = operations.items()
        answer = _answer(operation)
        methods.append(_method(path, operation, answer, verb))
        if answer is not None:
            rooms.setdefault(homes[answer], set()).add(answer)
    imports = [
        f"from chargeback_client.answers.{room} import {', '.join(sorted(names))}"
        for room, names in sorted(rooms.items())
    ]
    return "\n".join((
        f'"""Every question that the API answers, as a method.\n\n{MADE}\n"""\n',
        *_imports("\n".join(methods)),
        "from typing import Unpack\n",
        *imports,
        "from chargeback_client.questions import Days, Questions\n\n",
        "class Client(Questions):",
        '    """One caller\'s questions; each method may raise ClientError."""\n',
        "\n".join(methods),
    ))  # fmt: skip


def _method(path: str, operation: Mapping[str, Any], answer: str | None, verb: str) -> str:
    given = operation.get("parameters", [])
    places = [each["name"] for each in given if each["in"] == "path"]
    asked = {each["name"]: _asked(each["schema"]) for each in given if each["in"] == "query"}
    has_days = asked.keys() >= DAYS
    own = {name: kind for name, kind in asked.items() if not (has_days and name in DAYS)}
    named = re.sub(r"{\w+}", "", path.removeprefix("/v1"))
    words = named.replace("-", "_").replace(".", "/").split("/")
    name = "_".join(word for word in words if word)
    name += f"_of_{places[-1]}" if path.endswith("}") else ""
    signature = ["self", *(f"{each}: str" for each in places)]
    signature += ["*"] * bool(own) + [f"{each}: {kind} | None = None" for each, kind in own.items()]
    signature += ["**days: Unpack[Days]"] * has_days
    target = re.sub(r"{(\w+)}", r"{self.part(\1)}", path)
    literal = f"f{target!r}" if places else repr(target)
    parameters = [f"{each!r}: {each}" for each in own] + ["**days"] * has_days
    question = f"self.ask({answer}, " if answer else "self.content("
    returned = f"{question}{literal}, {{{', '.join(parameters)}}})"
    if verb == "post":
        signature.append("calls: object")
        returned = f"self.send({answer}, {literal}, calls)"
    text = " ".join(operation["description"].split())
    return (
        f"    def {name}({', '.join(signature)}) -> {answer or 'bytes'}:\n"
        f'        """{text}"""\n'
        f"        return {returned}\n"
    )


def _asked(schema: Mapping[str, Any]) -> str:
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    kind = str(kinds[0].get("type", "string"))
    return "date | str" if kinds[0].get("format") == "date" else KINDS[kind]


def _formatted(text: str) -> str:
    """As the linter wants it: sorted imports, one style."""
    for words in (("check", "--fix", "--quiet", "--select", "I", "-"), ("format", "-")):
        ruff = (sys.executable, "-m", "ruff", *words)
        text = subprocess.run(
            ruff, input=text, capture_output=True, text=True, check=True, cwd=FOLDER.parent
        ).stdout
    return text


if __name__ == "__main__":
    for name, text in client_code().items():
        file = FOLDER / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
