"""Role assignments: each takes who, which role and where from one line of roles.json."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, member, text
from bicep.check.language.template import Declared, Template

_STORAGE, _HUBS = "Microsoft.Storage/storageAccounts", "Microsoft.EventHub/namespaces/eventhubs"
_CONTAINER = f"{_STORAGE}/blobServices/containers"
_SCOPES = {
    "hubs 'llm-usage'": ("usageHub", _HUBS),
    "hubs 'apim-diagnostics'": ("diagnosticsHub", _HUBS),
    "account": ("account", _STORAGE),
    "tables": ("tables", f"{_STORAGE}/tableServices/tables"),
    "containers": ("containers", _CONTAINER),
    "capture": ("container", _CONTAINER),
    "telemetry 'application insights'": ("appInsights", "Microsoft.Insights/components"),
    "telemetry 'workspace'": ("workspace", "Microsoft.OperationalInsights/workspaces"),
    "registry": ("registry", "Microsoft.ContainerRegistry/registries"),
    "vaults 'ui'": ("uiVault", "Microsoft.KeyVault/vaults"),
    "vaults 'telemetry'": ("telemetryVault", "Microsoft.KeyVault/vaults"),
    "functionStorage": ("functionAccount", _STORAGE),
    "models": ("account", "Microsoft.CognitiveServices/accounts"),
}
"""The resource that each list of roles.json is about: its name in a template, and its type."""
_ROWS = re.compile(r"\broles\.(\w+)(?:, each => each\.\w+ == ('[^']+'))?")


def role_assignments(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        if each.target.startswith("Microsoft.Authorization/roleAssignments@"):
            yield from _assignment(template, each)


def _assignment(template: Template, each: Declared) -> Iterator[Finding]:
    properties = member(each.body, "properties")
    who, role = member(properties, "principalId"), _role(properties)
    if who is None or role is None:
        words = f"'{each.name}' assigns no `roles.ids[…]` to a principalId"
        yield template.finding(properties or each.node, words)
        return
    name = member(each.body, "name")
    for value in (who, role):
        if name is not None and text(value) not in text(name):
            words = f"the name of '{each.name}' lacks {text(value)}: two assignments would be one"
            yield template.finding(name, words)
    rows = _rows(template, each)
    if each.repeated:
        yield from _is(template, who, r"principals\[each\.who\]", "principals[each.who]")
        yield from _is(template, role, r"roles\.ids\[each\.role\]", "roles.ids[each.role]")
    else:
        yield from _is(template, who, r"(\w*P|p)rincipalId", "a parameter of a principal's id")
        yield from _is(template, role, r"roles\.ids\[(?!')[\w.]+\]", "roles.ids[…] of a row")
    yield from _scope(template, each, rows)


def _role(properties: Node | None) -> Node | None:
    definition = member(properties, "roleDefinitionId")
    for node in every(definition) if definition is not None else ():
        if text(node).startswith("roles.ids") and node.type != "identifier":
            return node
    return None


def _is(template: Template, node: Node, pattern: str, words: str) -> Iterator[Finding]:
    if re.fullmatch(pattern, text(node)) is None:
        yield template.finding(node, f"{text(node)} is not {words}")


def _rows(template: Template, each: Declared) -> str | None:
    """The list of roles.json that the assignment takes its line from, behind variables."""
    seen: set[str] = set()
    left = [each.node]
    while left:
        node = left.pop()
        for found in _ROWS.finditer(text(node)):
            if found[1] not in {"ids", "json"}:
                return f"{found[1]} {found[2]}" if found[2] else found[1]
        for name in every(node):
            declared = template.named(text(name)) if name.type == "identifier" else None
            if declared is not None and declared.kind == "var" and declared.name not in seen:
                seen.add(declared.name)
                left.append(declared.node)
    return None


def _scope(template: Template, each: Declared, rows: str | None) -> Iterator[Finding]:
    above = member(each.body, "scope")
    if above is None:
        return
    of = template.named(text(above).partition("[")[0])
    wanted = _SCOPES.get(rows or "")
    if wanted is None or of is None:
        yield template.finding(each.node, f"'{each.name}' takes no list of roles.json")
        return
    name, kind = wanted
    if of.name != name or of.target.partition("@")[0] != kind:
        words = f"'{each.name}' is of roles.{rows}, so its scope is '{name}', not '{of.name}'"
        yield template.finding(above, words)
