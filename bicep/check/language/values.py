"""Whether a value is what its type wants: unknown and missing properties, wrong words and kinds.

Microsoft's lists of words are mostly open: Bicep itself lets a misspelt one through. Here a word
that is not in the list is a finding.
"""

import re
from collections.abc import Iterator
from typing import Any

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import Expressions, Scope, hint
from bicep.check.language.kinds import (
    READ_ONLY,
    REQUIRED,
    Type,
    item_of,
    kind,
    known_properties,
    property_of,
)  # fmt: skip
from bicep.check.language.syntax import bare, literal, members, parts, text


class Values:
    """Checks values of one file."""

    def __init__(self, expressions: Expressions) -> None:
        self._expressions = expressions
        self._template = expressions.template
        self._open: set[str] = set()

    def check(self, node: Node, wanted: Type, scope: Scope, where: str) -> Iterator[Finding]:
        """Findings about one value; `where` names the property for people."""
        node = bare(node)
        if wanted == "any":
            return
        match node.type:
            case "ternary_expression":
                for branch in parts(node)[1:]:
                    yield from self.check(branch, wanted, scope, where)
            case "object":
                yield from self._object(node, wanted, scope, where)
            case "array":
                yield from self._array(node, wanted, scope, where)
            case "for_statement":
                inner = self._expressions.loop(node, scope)
                yield from self._kind(node, "array", wanted, where)
                yield from self.check(parts(node)[-1], item_of(wanted), inner, where)
            case "if_statement":
                yield from self.check(parts(node)[-1], wanted, scope, where)
            case "identifier" if text(node) not in scope:
                yield from self._name(node, wanted, where)
            case _:
                yield from self._word(node, self._expressions.infer(node, scope), wanted, where)

    def _name(self, node: Node, wanted: Type, where: str) -> Iterator[Finding]:
        declared = self._template.named(text(node))
        if declared is None:
            return
        if declared.kind == "var" and declared.value and declared.name not in self._open:
            self._open.add(declared.name)
            yield from self.check(declared.value, wanted, {}, where)
            self._open.discard(declared.name)
            return
        yield from self._word(node, self._expressions.type_of(declared), wanted, where)

    # ------------------------------------------------------------ plain values

    def _word(self, node: Node, given: Type, wanted: Type, where: str) -> Iterator[Finding]:
        yield from self._kind(node, kind(given), wanted, where)
        words = _words(wanted)
        for value in _values(given):
            if words is not None and value not in words:
                likely = hint(str(value), [str(word) for word in words])
                known = ", ".join(str(word) for word in words[:6])
                yield self._found(node, f"{where} cannot be '{value}'{likely or f': {known}'}")
            yield from self._bounds(node, value, wanted, where)
        if node.type == "number":
            yield from self._bounds(node, int(text(node)), wanted, where)
        properties = known_properties(given)
        if properties is not None and node.type not in {"object"}:
            yield from self._shape(node, properties, wanted, where)

    def _shape(
        self, node: Node, given: dict[str, Any], wanted: Type, where: str
    ) -> Iterator[Finding]:
        known = known_properties(wanted)
        for name in given.keys() - (known or given).keys():
            yield self._found(node, f"{where} has no '{name}'{hint(name, known)}")

    def _kind(self, node: Node, given: str, wanted: Type, where: str) -> Iterator[Finding]:
        kinds = {kind(each) for each in wanted["|"]} if _is_union(wanted) else {kind(wanted)}
        if given in {"any", "null", "nothing"} or "any" in kinds or given in kinds:
            return
        yield self._found(node, f"{where} wants {' or '.join(sorted(kinds))}, and this is {given}")

    def _bounds(self, node: Node, value: Any, wanted: Type, where: str) -> Iterator[Finding]:
        if not isinstance(wanted, dict):
            return
        if isinstance(value, str):
            if not wanted.get("minLength", 0) <= len(value) <= wanted.get("maxLength", 1 << 30):
                yield self._found(node, f"{where} has {len(value)} characters, {_said(wanted)}")
            if not _fits(wanted.get("pattern"), value):
                yield self._found(node, f"{where} '{value}' does not fit {wanted['pattern']}")
        elif not wanted.get("minValue", value) <= value <= wanted.get("maxValue", value):
            yield self._found(node, f"{where} is {value}, {_said(wanted)}")

    # ------------------------------------------------------------ arrays and objects

    def _array(self, node: Node, wanted: Type, scope: Scope, where: str) -> Iterator[Finding]:
        yield from self._kind(node, "array", wanted, where)
        for each in parts(node):
            yield from self.check(each, item_of(wanted), scope, where)

    def _object(self, node: Node, wanted: Type, scope: Scope, where: str) -> Iterator[Finding]:
        yield from self._kind(node, "object", wanted, where)
        if isinstance(wanted, dict) and kind(wanted) == "object":
            yield from self.properties(node, wanted, scope, where)

    def _chosen(self, node: Node, wanted: Type, where: str) -> Any:
        by = wanted["by"]
        value = next((value for name, _, value in members(node) if name == by), None)
        word = literal(value)
        if value is None:
            yield self._found(node, f"{where} lacks '{by}'")
        elif word is not None and word not in wanted["of"]:
            known = ", ".join(wanted["of"])
            yield self._found(value, f"{where}.{by} cannot be '{word}': {known}")
        return wanted["of"].get(word)

    def properties(
        self,
        node: Node,
        wanted: Type,
        scope: Scope,
        where: str,
        also: frozenset[str] = frozenset(),
    ) -> Iterator[Finding]:
        """Findings about an object's properties; those of `also` are Bicep's own."""
        if "by" in wanted:
            chosen = yield from self._chosen(node, wanted, where)
            if chosen is None:
                return
            wanted = {"{}": {**wanted["base"], **chosen["{}"]}}
        known = known_properties(wanted)
        flags = wanted.get("{}", {})
        given = set()
        for name, each, value in members(node):
            path = f"{where}.{name}" if where else str(name)
            given.add(name)
            if name is None or name in also:
                continue
            if known is not None and name not in known:
                yield self._found(each, f"{where or 'it'} has no '{name}'{hint(name, known)}")
                continue
            if name in flags and flags[name][0] & READ_ONLY:
                yield self._found(each, f"{path} is read-only: the service writes it")
                continue
            if name in flags and flags[name][0] & REQUIRED and value.type == "null":
                yield self._found(each, f"{path} is required and cannot be null")
            yield from self.check(value, property_of(wanted, name), scope, path)
        for name, (flag, _) in flags.items():
            if flag & REQUIRED and not flag & READ_ONLY and name not in given:
                yield self._found(node, f"{where or 'it'} lacks '{name}', which is required")

    def _found(self, node: Node, words: str) -> Finding:
        return self._template.finding(node, words)


def _is_union(wanted: Type) -> bool:
    return isinstance(wanted, dict) and "|" in wanted


def _words(wanted: Type) -> list[Any] | None:
    """The words of a list, open or not; None where any will do."""
    each = wanted["|"] if _is_union(wanted) else [wanted]
    words = [one["="] for one in each if isinstance(one, dict) and "=" in one]
    return words or None


def _values(given: Type) -> list[Any]:
    """The literals that a value may be; empty where they are not known."""
    each = given["|"] if _is_union(given) else [given]
    return [one["="] for one in each if isinstance(one, dict) and "=" in one]


def _fits(pattern: str | None, value: str) -> bool:
    if pattern is None:
        return True
    try:
        return re.search(pattern, value) is not None
    except re.error:  # .NET's dialect knows more
        return True


def _said(wanted: Type) -> str:
    names = ("minLength", "maxLength", "minValue", "maxValue")
    return ", ".join(f"{name} {wanted[name]}" for name in names if name in wanted)
