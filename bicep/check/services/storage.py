"""Storage: invoices cannot be changed, and only letters and Capture files are deleted by age."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, literal, member, text
from bicep.check.language.template import Template

_AGED = {"capture", "dead-letters"}
"""Containers whose blobs may be deleted by age: everything else is needed for ever."""
_KEPT = "invoices"
_CONTAINERS = "Microsoft.Storage/storageAccounts/blobServices/containers"


def storage(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        match each.target.partition("@")[0]:
            case name if name == f"{_CONTAINERS}/immutabilityPolicies":
                yield from _kept(template, each.body)
            case "Microsoft.Storage/storageAccounts/managementPolicies":
                yield from _aged(template, each.body)


def _kept(template: Template, body: Node | None) -> Iterator[Finding]:
    above = member(body, "parent")
    of = template.named(text(above)) if above is not None else None
    if above is not None and (of is None or literal(member(of.body, "name")) != _KEPT):
        yield template.finding(above, f"the policy is of the container '{_KEPT}'")
    for name in ("allowProtectedAppendWrites", "allowProtectedAppendWritesAll"):
        value = member(member(body, "properties"), name)
        if value is not None and text(value) != "false":
            yield template.finding(value, f"{name} lets somebody add to an invoice")


def _aged(template: Template, body: Node | None) -> Iterator[Finding]:
    for node in every(body) if body is not None else ():
        named = literal(member(node, "container")) if node.type == "object" else None
        if named is not None and named not in _AGED:
            yield template.finding(node, f"blobs of '{named}' are not deleted by age")
