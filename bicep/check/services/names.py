"""Names of resources: whether Azure takes them, as far as a name is known before a deployment.

`uniqueString` makes 13 characters, and abbreviations.json is known. A part that somebody chooses is
not, so such a name is left alone.
"""

import json
import re
from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.kinds import Type
from bicep.check.language.syntax import bare, literal, member, parts, text
from bicep.check.language.template import Declared, Template
from bicep.check.services.containers import passed

_UNIQUE = "abcdefghijklm"
_ALPHANUMERIC = r"[a-zA-Z0-9]"
_RULES = {
    "Microsoft.App/containerApps": r"(?=.{2,32}$)[a-z](?:-?[a-z0-9])+",
    "Microsoft.App/jobs": r"(?=.{2,32}$)[a-z](?:-?[a-z0-9])+",
    "Microsoft.App/managedEnvironments": r"(?=.{2,60}$)[a-z](?:-?[a-zA-Z0-9])+",
    "Microsoft.KeyVault/vaults": r"(?=.{3,24}$)[a-zA-Z](?:-?[a-zA-Z0-9])+",
    "Microsoft.Web/sites": r"[a-zA-Z0-9-]{2,60}",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][\w-]{2,127}",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.EventHub/namespaces": r"[a-zA-Z][a-zA-Z0-9-]{4,48}[a-zA-Z0-9]",
    "Microsoft.ContainerRegistry/registries": rf"{_ALPHANUMERIC}{{5,50}}",
}
"""Microsoft's naming rules where the published types have none, or a looser one."""


def names(template: Template, templates: dict[str, Template]) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        rule = _RULES.get(each.target.partition("@")[0])
        if rule is None or each.existing:
            continue
        for where, value in passed(template, templates, member(each.body, "name")):
            name = sample(where, value)
            if name is not None and re.fullmatch(rule, name) is None:
                kind = each.target.partition("@")[0]
                words = f"'{name}' ({len(name)} characters) is no name of a {kind}"
                yield where.finding(value, words)


def sample(template: Template, node: Node) -> str | None:
    """A name as it could be; None where a part of it is not known."""
    node = bare(node)
    plain = literal(node)
    if plain is not None:
        return plain
    if node.type == "string":
        found = [_part(template, child) for child in node.named_children]
        return None if None in found else "".join(each or "" for each in found)
    if node.type == "identifier":
        declared = template.named(text(node))
        value = declared.value if declared is not None and declared.kind == "var" else None
        return sample(template, value) if value is not None else None
    if node.type == "call_expression" and "uniqueString(" in text(node):
        return _UNIQUE
    return _of_file(template, node) if node.type == "member_expression" else None


def _part(template: Template, child: Node) -> str | None:
    if child.type == "interpolation":
        return sample(template, parts(child)[0])
    return text(child)


def _of_file(template: Template, node: Node) -> str | None:
    """`abbreviations.x` of a JSON file."""
    owner: Declared | None = template.named(text(parts(node)[0]))
    call = owner.value if owner is not None else None
    if call is None or text(parts(call)[0] if parts(call) else call) != "loadJsonContent":
        return None
    path = template.path.parent / (literal(parts(parts(call)[-1])[0]) or "")
    content: Type = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    value = content.get(text(parts(node)[-1])) if isinstance(content, dict) else None
    return value if isinstance(value, str) else None
