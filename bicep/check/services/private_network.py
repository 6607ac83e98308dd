"""Private endpoints: each group has its own zone of DNS, and each zone is made. The hub of usage
events lets the gateway in.
"""

import re
from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, literal, member, text
from bicep.check.language.template import Template

_STORAGE = {"blob", "table", "queue"}
_VAULT_ZONE = "'privatelink.vaultcore.azure.net'"
_GATEWAY_SUBNETS = re.compile(
    r"privateNetworking && !newGateway && !empty\(gatewaySubnetIds\)\s*"
    r"\? concat\(\[programsSubnetId\], gatewaySubnetIds\)\s*: \[\]"
)
"""API Management is no trusted service of Event Hubs, and no caller notices a refused event. So a
hub that answers subnets alone answers the gateway's too.
"""


def private_network(main: Template, templates: dict[str, Template]) -> Iterator[Finding]:
    """Findings of main.bicep."""
    yield from _usage_hub(main)
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


def _usage_hub(main: Template) -> Iterator[Finding]:
    [hub] = [each for each in main.of("module") if each.name == "usageHub"]
    subnets = member(member(hub.body, "params"), "allowedSubnets")
    named = main.named(text(subnets)) if subnets is not None else None
    if named is None or _GATEWAY_SUBNETS.search(text(named.node)) is None:
        where = subnets or hub.node
        yield main.finding(where, "the hub of usage events has to answer the gateway's subnets too")


def _is_zone(node: Node) -> bool:
    return node.type == "string" and text(node).startswith("'privatelink.")


def _zone_of(group: str) -> str | None:
    if group in _STORAGE:
        return rf"'privatelink\.{group}\.\$\{{environment\(\)\.suffixes\.storage\}}'"
    return re.escape(_VAULT_ZONE) if group == "vault" else None
