"""Private endpoints: each group has its own zone of DNS, and each zone is made."""

import re
from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, literal, member, text
from bicep.check.language.template import Template

_STORAGE = {"blob", "table", "queue"}
_VAULT_ZONE = "'privatelink.vaultcore.azure.net'"


def private_network(main: Template, templates: dict[str, Template]) -> Iterator[Finding]:
    """Findings of main.bicep."""
    network = templates.get("modules/network.bicep")
    made = {text(node) for node in every(network.root) if _is_zone(node)} if network else set()
    for node in every(main.root):
        group, zone = member(node, "group"), member(node, "zone")
        if group is None or zone is None:
            continue
        name = literal(group) or ""
        wanted = _zone_of(name)
        if wanted is None:
            yield main.finding(group, f"there is no group '{name}' of a private endpoint")
        elif re.fullmatch(wanted, text(zone)) is None:
            yield main.finding(zone, f"{text(zone)} is not the zone of '{name}'")
        elif text(zone) not in made:
            yield main.finding(zone, f"network.bicep makes no zone {text(zone)}")


def _is_zone(node: Node) -> bool:
    return node.type == "string" and text(node).startswith("'privatelink.")


def _zone_of(group: str) -> str | None:
    if group in _STORAGE:
        return rf"'privatelink\.{group}\.\$\{{environment\(\)\.suffixes\.storage\}}'"
    return re.escape(_VAULT_ZONE) if group == "vault" else None
