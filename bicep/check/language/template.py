"""What a Bicep file declares, by name."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from posixpath import dirname, join, normpath

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import bare, line, literal, member, mistakes, parse, parts, text


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A parameter, variable, resource, module or output."""

    kind: str
    name: str
    node: Node
    type: Node | None = None
    """What a parameter or output says of its type."""
    value: Node | None = None
    """Default, value, or body with its loop and condition."""
    target: str = ""
    """`TYPE@VERSION` of a resource; the path of a module."""
    existing: bool = False
    decorators: dict[str, Node] = field(default_factory=dict)

    @property
    def line(self) -> int:
        return line(self.node)

    @property
    def body(self) -> Node | None:
        """The object of a resource or module, out of its loop and condition."""
        return _innermost(self.value) if self.value else None

    @property
    def conditional(self) -> bool:
        """Whether it may not be there."""
        return self.value is not None and self.value.type == "if_statement"

    @property
    def repeated(self) -> bool:
        return self.value is not None and self.value.type == "for_statement"


@dataclass(frozen=True, slots=True)
class Template:
    """One file; `declared` has all names but those of outputs, which are names of their own."""

    path: Path
    file: str
    root: Node
    declared: list[Declared]
    outputs: dict[str, Declared]

    def of(self, kind: str) -> Iterator[Declared]:
        return (each for each in self.declared if each.kind == kind)

    def named(self, name: str) -> Declared | None:
        return next((each for each in self.declared if each.name == name), None)

    @property
    def scope(self) -> str:
        """`resourceGroup`, unless the file says otherwise."""
        for each in parts(self.root):
            if each.type == "target_scope_assignment":
                return literal(parts(each)[-1]) or ""
        return "resourceGroup"

    def beside(self, target: str) -> str:
        """A module's path, given relative to this file, as a path below bicep/."""
        return normpath(join(dirname(self.file.removeprefix("bicep/")), target))

    def finding(self, node: Node, words: str) -> Finding:
        return Finding(self.file, line(node), words)

    def syntax(self) -> Iterator[Finding]:
        for number, words in mistakes(self.root):
            yield Finding(self.file, number, words)


_KINDS = {
    "parameter_declaration": "param", "variable_declaration": "var",
    "resource_declaration": "resource", "module_declaration": "module",
    "output_declaration": "output", "type_declaration": "type",
    "user_defined_function": "func",
}  # fmt: skip


def read(path: Path, root: Path) -> Template:
    """A file of the checkout at `root`."""
    tree = parse(path.read_bytes())
    declared: list[Declared] = []
    outputs: dict[str, Declared] = {}
    decorators: dict[str, Node] = {}
    for node in parts(tree):
        if node.type == "decorators":
            decorators = dict(_decorators(node))
            continue
        if node.type in _KINDS:
            each = _declared(node, decorators)
            if each.kind == "output":
                outputs[each.name] = each
            else:
                declared.append(each)
        decorators = {}
    return Template(path, path.relative_to(root).as_posix(), tree, declared, outputs)


def _declared(node: Node, decorators: dict[str, Node]) -> Declared:
    name, *rest = parts(node)
    kind = _KINDS[node.type]
    types = [each for each in rest if each.type == "type"]
    others = [each for each in rest if each.type != "type"]
    target = ""
    if kind in {"resource", "module"} and others:
        target = literal(others.pop(0)) or ""
    return Declared(
        kind=kind,
        name=text(name),
        node=node,
        type=types[0] if types else None,
        value=others[-1] if others else None,
        target=target,
        existing=any(child.type == "existing" for child in node.children),
        decorators=decorators,
    )


def _decorators(node: Node) -> Iterator[tuple[str, Node]]:
    for each in parts(node):
        call = parts(each)[0]
        function = call.child_by_field_name("function")
        if function is not None:
            yield text(function).rpartition(".")[2], call


def _innermost(node: Node) -> Node | None:
    """The object inside `[for …: if (…) {…}]`."""
    node = bare(node)
    if node.type == "object":
        return node
    if node.type in {"for_statement", "if_statement"}:
        inner = parts(node)
        return _innermost(inner[-1]) if inner else None
    return None


def scope_of(module: Declared) -> Node | None:
    return member(module.body, "scope")
