"""What has to be known when a deployment starts, and is not.

How often a loop runs, whether something is there, and the name and scope of a resource are worked
out before anything is deployed. So they cannot come from the output of a module, or from a property
that a service writes.
"""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, member, parts, text
from bicep.check.language.template import Declared, Template

_KNOWN = {"id", "name", "type", "apiVersion"}
"""Of a resource these are known from the template alone."""


def late(template: Template) -> Iterator[Finding]:
    """Findings of one file."""
    for node in every(template.root):
        if node.type == "for_statement":
            yield from _wanted(template, parts(node)[1], "how often a loop runs")
        if node.type == "if_statement":
            yield from _wanted(template, parts(node)[0], "whether something is deployed")
    for each in template.declared:
        if each.kind in {"resource", "module"} and each.body is not None:
            yield from _names(template, each)


def _names(template: Template, each: Declared) -> Iterator[Finding]:
    name, scope = member(each.body, "name"), member(each.body, "scope")
    if name is not None:
        yield from _wanted(template, name, f"the name of '{each.name}'")
    if scope is not None:
        yield from _wanted(template, scope, f"the scope of '{each.name}'")


def _wanted(template: Template, node: Node, what: str) -> Iterator[Finding]:
    unknown = next(_unknown(template, node, frozenset()), None)
    if unknown is not None:
        words = f"{what} depends on '{unknown}', which is not known before the deployment starts"
        yield template.finding(node, words)


def _unknown(template: Template, node: Node, seen: frozenset[str]) -> Iterator[str]:
    """Texts of what is known later, also behind variables."""
    if node.type == "member_expression":
        owner, name = parts(node)[0], text(parts(node)[-1])
        declared = template.named(_root(owner))
        if declared is not None and declared.kind == "module" and name == "outputs":
            yield text(node)
            return
        if declared is not None and declared.kind == "resource":
            if name not in _KNOWN:
                yield text(node)
            return
    if node.type == "identifier" and text(node) not in seen:
        declared = template.named(text(node))
        if declared is not None and declared.kind == "var" and declared.value is not None:
            yield from _unknown(template, declared.value, seen | {text(node)})
    for child in parts(node):
        yield from _unknown(template, child, seen)


def _root(node: Node) -> str:
    """`group` of `group` and of `group[0]`."""
    while node.type == "subscript_expression":
        node = parts(node)[0]
    return text(node) if node.type == "identifier" else ""
