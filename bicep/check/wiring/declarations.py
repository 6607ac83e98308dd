"""Declarations: their types exist, their decorators fit, and their defaults are within bounds."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import Expressions, hint
from bicep.check.language.kinds import Type
from bicep.check.language.signatures import OF_DECORATOR, wrong_decorator
from bicep.check.language.syntax import every, parts, text
from bicep.check.language.template import Declared, Template

_SCOPES = {"resourceGroup", "subscription", "managementGroup", "tenant"}
_PLAIN = {"string", "int", "bool", "object", "array", "any"}


def declarations(template: Template, expressions: Expressions) -> Iterator[Finding]:
    """Findings of one file."""
    if template.scope not in _SCOPES:
        words = f"there is no scope '{template.scope}'{hint(template.scope, _SCOPES)}"
        yield Finding(template.file, 1, words)
    for each in [*template.declared, *template.outputs.values()]:
        yield from _types(template, each)
        yield from _decorators(template, expressions, each)


def _types(template: Template, each: Declared) -> Iterator[Finding]:
    known = _PLAIN | {declared.name for declared in template.of("type")}
    for node in every(each.type) if each.type is not None else ():
        if node.type not in {"identifier", "primitive_type"} or _is_key(node):
            continue
        if text(node) not in known:
            words = f"there is no type '{text(node)}'{hint(text(node), known)}"
            yield template.finding(node, words)


def _is_key(node: Node) -> bool:
    above = node.parent
    return above is not None and above.type == "object_property" and parts(above)[0] == node


def _decorators(template: Template, expressions: Expressions, each: Declared) -> Iterator[Finding]:
    of: Type = expressions.declared(each) if each.kind in {"param", "output"} else "any"
    for name, call in each.decorators.items():
        if name not in OF_DECORATOR:
            continue
        given = [expressions.infer(node, {}) for node in parts(parts(call)[-1])]
        wrong = wrong_decorator(name, each.kind, of, given)
        if wrong is None and name == "batchSize" and not each.repeated:
            wrong = "'@batchSize' is for loops"
        if wrong is not None:
            yield template.finding(call, wrong)
