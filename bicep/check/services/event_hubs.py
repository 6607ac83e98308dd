"""Event Hubs, Capture and the gateway's log: what the platform refuses, or silently leaves out."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.syntax import every, literal, member, parts, text
from bicep.check.language.template import Declared, Template
from bicep.check.services.containers import passed

_NAME_PARTS = (
    "{Namespace}", "{EventHub}", "{PartitionId}", "{Year}", "{Month}", "{Day}", "{Hour}",
    "{Minute}", "{Second}",
)  # fmt: skip
_BOUNDS = {"intervalInSeconds": (60, 900), "sizeLimitInBytes": (10_485_760, 524_288_000)}
_CATEGORIES = {
    "Microsoft.ApiManagement/service": {"GatewayLogs", "GatewayLlmLogs"},
    "Microsoft.App/managedEnvironments": {"ContainerAppConsoleLogs", "ContainerAppSystemLogs"},
}
"""Categories of logs that are wanted of a resource, each by its name."""
_RIGHTS = {"Manage", "Send", "Listen"}


def event_hubs(template: Template, templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        properties = member(each.body, "properties")
        match each.target.partition("@")[0]:
            case "Microsoft.EventHub/namespaces/eventhubs":
                yield from _capture(template, templates, each, root)
            case "Microsoft.EventHub/namespaces/authorizationRules":
                yield from _rights(template, each, member(properties, "rights"))
            case "Microsoft.Insights/diagnosticSettings":
                yield from _categories(template, each, member(properties, "logs"))
            case "Microsoft.ApiManagement/service/loggers":
                yield from _logger(template, each, properties)


def _capture(
    template: Template, templates: dict[str, Template], each: Declared, root: Path
) -> Iterator[Finding]:
    made = set(json.loads((root / "bicep/storage.json").read_text(encoding="utf-8"))["containers"])
    for node in every(each.body) if each.body is not None else ():
        if node.type != "object":
            continue
        for name, (least, most) in _BOUNDS.items():
            value = member(node, name)
            number = int(text(value)) if value is not None and value.type == "number" else least
            if value is not None and not least <= number <= most:
                yield template.finding(value, f"{name} is from {least} to {most}")
        name_format = member(node, "archiveNameFormat")
        for part in _NAME_PARTS if name_format is not None else ():
            if name_format is not None and part not in text(name_format):
                yield template.finding(name_format, f"the names of Capture's files lack {part}")
        for where, value in passed(template, templates, member(node, "blobContainer")):
            named = literal(value)
            if named is not None and named not in made:
                yield where.finding(value, f"no container '{named}' is made{hint(named, made)}")


def _rights(template: Template, each: Declared, listed: Node | None) -> Iterator[Finding]:
    given = {literal(node) for node in parts(listed)} if listed is not None else set()
    if given != _RIGHTS:
        words = (
            f"'{each.name}' is of a diagnostic setting, which needs {', '.join(sorted(_RIGHTS))}"
        )
        yield template.finding(listed or each.node, words)


def _categories(template: Template, each: Declared, listed: Node | None) -> Iterator[Finding]:
    above = member(each.body, "scope")
    of = template.named(text(above)) if above is not None else None
    wanted = _CATEGORIES.get(of.target.partition("@")[0], set()) if of is not None else set()
    given = {}
    for node in parts(listed) if listed is not None else ():
        name = literal(member(node, "category"))
        if name is not None:
            given[name] = node
    for name in sorted(given.keys() - wanted):
        yield template.finding(given[name], f"no log '{name}' is wanted{hint(name, wanted)}")
    for name in sorted(wanted - given.keys()):
        yield template.finding(each.node, f"'{each.name}' lacks the log '{name}'")
    for node in given.values():
        if text(member(node, "enabled") or node) != "true":
            yield template.finding(node, "this log is not enabled")


def _logger(template: Template, each: Declared, properties: Node | None) -> Iterator[Finding]:
    """Of a hub and of Application Insights the gateway needs an identity: neither takes a key."""
    if literal(member(properties, "loggerType")) == "azureMonitor" or each.existing:
        return
    credentials = member(properties, "credentials")
    identity = member(credentials, "identityClientId")
    if identity is None:
        where = credentials or each.node
        yield template.finding(where, f"the logger '{each.name}' has no identityClientId")
    elif not re.fullmatch(r"'SystemAssigned'|\w+ClientId", text(identity)):
        words = f"the identity of '{each.name}' is 'SystemAssigned' or a client id"
        yield template.finding(identity, words)
