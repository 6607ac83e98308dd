"""Roles: every id comes from roles.json, and every line of roles.json is assigned."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, literal, parts, text
from bicep.check.language.template import Template

_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def role_ids(template: Template, root: Path) -> Iterator[Finding]:
    """Every role id and every `roles.X` comes from roles.json."""
    table = json.loads((root / "bicep/roles.json").read_text(encoding="utf-8"))
    ids = set(table["ids"].values())
    for node in every(template.root):
        value = literal(node)
        if value is None or not _GUID.fullmatch(value):
            continue
        known = "write roles.ids[…]" if value in ids else "roles.json does not list it"
        yield template.finding(node, f"an id of a role is written out: {known}")


def assigned(templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    """Every line of roles.json is assigned by a template, to somebody who has an identity."""
    text = (root / "bicep/roles.json").read_text(encoding="utf-8")
    table = json.loads(text)
    code = "\n".join(_code(template) for template in templates.values())
    processes = templates["modules/identities.bicep"].named("processes")
    names = {literal(node) for node in every(processes.node)} if processes else set()
    for kind, rows in table.items():
        if kind == "ids":
            continue
        for row in rows:
            if not _is_assigned(kind, row, code):
                yield _of_row(text, row, f"no template assigns this role of '{kind}'")
            if row["role"] not in table["ids"]:
                yield _of_row(text, row, f"'ids' has no role '{row['role']}'")
            if row["who"] not in names | {"gateway", "operator"}:
                yield _of_row(text, row, f"'{row['who']}' has no identity")


def _code(template: Template) -> str:
    """The text of a file without comments."""
    return "\n".join(text(each) for each in parts(template.root))


_CHOSEN_BY = {"hubs": "hub", "telemetry": "on", "vaults": "vault"}
"""Lists of roles.json that are split by a property: a template takes the rows of each value."""


def _is_assigned(kind: str, row: dict[str, str], code: str) -> bool:
    if kind not in _CHOSEN_BY:
        return re.search(rf"\broles\.{kind}\b", code) is not None
    by = _CHOSEN_BY[kind]
    chosen = rf"var (\w+) = filter\(roles\.{kind}, each => each\.{by} == '{re.escape(row[by])}'\)"
    found = re.search(chosen, code)
    return found is not None and re.search(rf"\bin {found[1]}\b", code) is not None


def _of_row(content: str, row: dict[str, str], words: str) -> Finding:
    start = json.dumps(row)[1:-1]
    number = content[: content.index(start)].count("\n") + 1 if start in content else 1
    return Finding("bicep/roles.json", number, words)
