"""What a resource has to say, because the platform takes another value and does something else.

A hub may be compacted and a zone of DNS may be in a region: both are valid, and neither works here.
"""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import member, parts, text
from bicep.check.language.template import Declared, Template

_APIM = "Microsoft.ApiManagement/service"
_HUBS = "Microsoft.EventHub/namespaces"
EXPECTED: dict[str, dict[str, tuple[str, ...]]] = {
    "Microsoft.App/containerApps": {
        "properties.configuration.activeRevisionsMode": ("'Single'",),
        "properties.configuration.ingress.external": ("true",),
        "properties.configuration.ingress.stickySessions.affinity": ("'sticky'",),
        "properties.template.scale.minReplicas": ("1",),
    },
    "Microsoft.Web/sites": {"kind": ("'functionapp,linux'",)},
    "Microsoft.Web/serverfarms": {"properties.reserved": ("true",)},
    "Microsoft.KeyVault/vaults": {"properties.softDeleteRetentionInDays": ("90",)},
    f"{_HUBS}/eventhubs": {
        "properties.retentionDescription.cleanupPolicy": ("'Delete'",),
        "properties.retentionDescription.retentionTimeInHours": ("retentionDays * 24",),
    },
    f"{_HUBS}/networkRuleSets": {
        "properties.defaultAction": ("empty(allowedSubnets) ? 'Allow' : 'Deny'",),
    },
    _APIM: {"identity.type": ("'SystemAssigned'",)},
    f"{_APIM}/apis": {"properties.subscriptionRequired": ("keyRequired",)},
    f"{_APIM}/apis/diagnostics": {"properties.logClientIp": ("false",)},
    "Microsoft.Network/privateDnsZones": {"location": ("'global'",)},
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": {"location": ("'global'",)},
    "Microsoft.CognitiveServices/accounts/deployments": {
        "properties.versionUpgradeOption": ("'NoAutoUpgrade'",),
    },
    "Microsoft.Authorization/roleAssignments": {
        "properties.principalType": (
            "'ServicePrincipal'",
            "each.who == 'operator' ? operatorType : 'ServicePrincipal'",
        ),
    },
}
"""By type and path: what may be there. A path whose object is not there is left out."""
_ONE_AT_A_TIME = {
    f"{_HUBS}/eventhubs/consumergroups", f"{_APIM}/policyFragments",
    "Microsoft.CognitiveServices/accounts/deployments",
}  # fmt: skip
"""The service refuses two changes at once."""


def expected(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        kind = each.target.partition("@")[0]
        if each.existing:
            continue
        for path, allowed in EXPECTED.get(kind, {}).items():
            yield from _has(template, each, path, allowed)
        if kind in _ONE_AT_A_TIME and each.repeated and "batchSize" not in each.decorators:
            yield template.finding(each.node, f"'{each.name}' lacks @batchSize(1)")
        if kind == "Microsoft.Network/virtualNetworks":
            yield from _subnets(template, member(member(each.body, "properties"), "subnets"))


def _has(
    template: Template, each: Declared, path: str, allowed: tuple[str, ...]
) -> Iterator[Finding]:
    *above, last = path.split(".")
    node = each.body
    for number, name in enumerate(above):
        found = member(node, name)
        if found is None and number == 0 and node is not None:
            yield template.finding(each.node, f"'{each.name}' lacks '{path}'")
        node = found
    if node is None:
        return
    value = member(node, last)
    if value is None:
        yield template.finding(node, f"'{each.name}' lacks '{path}'")
    elif text(value) not in allowed:
        yield template.finding(value, f"{path} is {text(value)}: it has to be {allowed[0]}")


def _subnets(template: Template, listed: Node | None) -> Iterator[Finding]:
    """Each has a range of its own. What a platform runs in is delegated to it."""
    seen: set[str] = set()
    for node in parts(listed) if listed is not None else ():
        properties = member(node, "properties")
        prefix = member(properties, "addressPrefix")
        if prefix is not None and text(prefix) in seen:
            yield template.finding(prefix, f"{text(prefix)} is the range of another subnet")
        seen |= {text(prefix)} if prefix is not None else set()
        private = member(properties, "privateEndpointNetworkPolicies")
        if private is None and member(properties, "delegations") is None:
            yield template.finding(node, "this subnet is delegated to nobody")
