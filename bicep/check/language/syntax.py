"""Bicep files as trees, and the few questions that all checks ask of a tree."""

from collections.abc import Iterator

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_bicep.language()))


def parse(text: bytes) -> Node:
    """The tree of a file. Mistakes of syntax are nodes of it: see `mistakes`."""
    return _PARSER.parse(text).root_node


def mistakes(root: Node) -> Iterator[tuple[int, str]]:
    """Line and text of whatever is no Bicep."""
    if not root.has_error:
        return
    for node in every(root):
        if node.is_missing:
            yield line(node), f"'{node.type}' is missing"
        elif node.is_error:
            start = text(node).strip().splitlines()[:1] or [""]
            yield line(node), f"this is no Bicep: {start[0][:60]}"


def every(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    left = [node]
    while left:
        each = left.pop()
        yield each
        left += reversed(each.children)


def line(node: Node) -> int:
    """Its first line, counted from 1."""
    return node.start_point.row + 1


def text(node: Node) -> str:
    """The text that it was read from."""
    return (node.text or b"").decode()


def parts(node: Node) -> list[Node]:
    """The named children, without comments."""
    return [
        child
        for child in node.named_children
        if child.type not in {"comment", "diagnostic_comment"}
    ]


def literal(node: Node | None) -> str | None:
    """The value of a string without interpolation; None for any other node."""
    if node is None or node.type != "string":
        return None
    if any(child.type == "interpolation" for child in node.named_children):
        return None
    content = "".join(text(child) for child in node.named_children)
    return content.replace("\\'", "'").replace("\\\\", "\\")


def members(node: Node) -> Iterator[tuple[str | None, Node, Node]]:
    """Key, property and value of each property; an interpolated key is None."""
    for each in parts(node):
        if each.type != "object_property":
            continue
        key, *rest = parts(each)
        name = text(key) if key.type == "identifier" else literal(key)
        if rest:
            yield name, each, rest[-1]


def member(node: Node | None, name: str) -> Node | None:
    """The value of a property of an object."""
    if node is None or node.type != "object":
        return None
    return next((value for key, _, value in members(node) if key == name), None)


def bare(node: Node) -> Node:
    """The expression inside parentheses."""
    while node.type == "parenthesized_expression" and len(parts(node)) == 1:
        node = parts(node)[0]
    return node
