"""`parent`, `scope` and `dependsOn`: each names something of the right kind."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import bare, literal, member, parts, text
from bicep.check.language.template import Declared, Template

_GROUP = "Microsoft.Resources/resourceGroups"
_MAKES = {
    "resourceGroup": "resourceGroup", "subscription": "subscription",
    "managementGroup": "managementGroup", "tenant": "tenant",
}  # fmt: skip
"""The kind of scope that each function returns."""


def scopes(template: Template, modules: dict[str, Template]) -> Iterator[Finding]:
    """Findings of one file."""
    for each in (*template.of("resource"), *template.of("module")):
        yield from _depends(template, each)
        above = member(each.body, "scope")
        if above is None:
            continue
        if each.kind == "module":
            inner = modules.get(template.beside(each.target))
            if inner is not None:
                yield from _of_module(template, each, above, inner.scope)
        else:
            yield from _of_resource(template, each, above)
    for each in template.of("resource"):
        yield from _parent(template, each)


def _of_module(template: Template, each: Declared, above: Node, wanted: str) -> Iterator[Finding]:
    kind = _kind(template, above)
    if kind != wanted:
        words = f"'{each.name}' is deployed into a {wanted}, and its scope is {_said(above, kind)}"
        yield template.finding(above, words)


def _of_resource(template: Template, each: Declared, above: Node) -> Iterator[Finding]:
    kind = _kind(template, above)
    if each.existing:
        if kind not in {"resourceGroup", "resource"}:
            words = f"'{each.name}' is in a resource group, and its scope is {_said(above, kind)}"
            yield template.finding(above, words)
        return
    if kind not in {"resource", template.scope}:
        words = f"the scope of '{each.name}' is a resource, and this is {_said(above, kind)}"
        yield template.finding(above, words)


def _said(node: Node, kind: str | None) -> str:
    return f"a {kind}" if kind else f"'{text(node)}'"


def _kind(template: Template, node: Node) -> str | None:
    """What a scope is: one of _MAKES, `resource`, or None for what is no scope."""
    node = bare(node)
    if node.type == "call_expression":
        return _MAKES.get(text(parts(node)[0]).removeprefix("az."))
    if node.type in {"identifier", "subscript_expression"}:
        declared = _symbol(template, node)
        if declared is None or declared.kind != "resource":
            return None
        return "resourceGroup" if declared.target.startswith(f"{_GROUP}@") else "resource"
    return None


def _symbol(template: Template, node: Node) -> Declared | None:
    """What `name` or `name[index]` names, if the index is there exactly for a loop."""
    indexed = node.type == "subscript_expression"
    name = parts(node)[0] if indexed else node
    declared = template.named(text(name)) if name.type == "identifier" else None
    return declared if declared is not None and declared.repeated == indexed else None


def _parent(template: Template, each: Declared) -> Iterator[Finding]:
    above, name = member(each.body, "parent"), member(each.body, "name")
    if above is None:
        return
    declared = _symbol(template, bare(above))
    if declared is None or declared.kind != "resource":
        words = f"the parent of '{each.name}' is no single resource: '{text(above)}'"
        yield template.finding(above, words)
    if name is not None and "/" in (literal(name) or ""):
        words = f"'{each.name}' has a parent, so its name has no '/'"
        yield template.finding(name, words)


def _depends(template: Template, each: Declared) -> Iterator[Finding]:
    listed = member(each.body, "dependsOn")
    for node in parts(listed) if listed is not None and listed.type == "array" else ():
        named = parts(node)[0] if node.type == "subscript_expression" else node
        declared = template.named(text(named)) if named.type == "identifier" else None
        if declared is None or declared.kind not in {"resource", "module"}:
            words = f"dependsOn of '{each.name}' names no resource and no module: {text(node)}"
            yield template.finding(node, words)
