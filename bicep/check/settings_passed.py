"""Every setting that a program reads is passed to it, and every one that is passed is read."""

import json
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.syntax import every, literal, member, members, parts, text
from bicep.check.language.template import Declared, Template
from bicep.reads import BY_PLATFORM, OF_PROGRAMS, read_by

Passed = dict[str, tuple[Template, Node]]
"""Where each setting is passed, by its name."""


def settings(main: Template, modules: dict[str, Template], root: Path) -> Iterator[Finding]:
    """Findings about the programs that main.bicep starts."""
    reads = read_by()
    for program, kind in OF_PROGRAMS.items():
        module = main.named(program)
        if module is None or module.target not in modules:
            yield Finding(main.file, 1, f"no module '{program}' starts that program")
            continue
        given = passed(main, module, modules[module.target])
        for name in sorted(reads[kind] - given.keys()):
            yield main.finding(module.node, f"'{program}' reads {name}, and nothing passes it")
        for name in sorted(given.keys() - reads[kind] - BY_PLATFORM):
            template, node = given[name]
            words = f"'{program}' gets {name} and reads no such setting{hint(name, reads[kind])}"
            yield template.finding(node, words)
    yield from _defaults(main, root)


def passed(main: Template, module: Declared, inner: Template) -> Passed:
    """Settings of a program: from its parameter `variables`, and from its module."""
    found: Passed = {}
    variables = member(member(module.body, "params"), "variables")
    if variables is not None:
        found |= _names(main, variables)
    for node in every(inner.root):
        if node.type != "object_property" or text(parts(node)[0]) not in {"env", "appSettings"}:
            continue
        found |= _names(inner, parts(node)[-1])
    return found


def _names(template: Template, node: Node) -> Passed:
    """Names of settings in an expression of objects, or of a list of `{ name, value }`."""
    found: Passed = {}
    if node.type == "object":
        name = literal(member(node, "name"))
        if name is not None:
            return {name: (template, node)}
        return {
            key: (template, each)
            for key, each, _ in members(node)
            if key is not None and key not in {"name", "value", "secretRef"}
        }
    if node.type == "identifier":
        declared = template.named(text(node))
        if declared is None or declared.kind != "var" or declared.value is None:
            return {}
        return _names(template, declared.value)
    if node.type == "member_expression":
        return {name: (template, node) for name in _of_file(template, node)}
    for child in parts(node):
        found |= _names(template, child)
    return found


def _of_file(template: Template, node: Node) -> list[str]:
    """Names in `defaults.X`, where `defaults` is a JSON file."""
    owner, name = template.named(text(parts(node)[0])), text(parts(node)[-1])
    path = _loaded(owner) if owner is not None else None
    if path is None or not (template.path.parent / path).is_file():
        return []
    content = json.loads((template.path.parent / path).read_text(encoding="utf-8"))
    return list(content.get(name, {}))


def _loaded(declared: Declared) -> str | None:
    value = declared.value
    if value is None or value.type != "call_expression":
        return None
    if text(parts(value)[0]) != "loadJsonContent":
        return None
    return literal(parts(parts(value)[-1])[0])


def _defaults(main: Template, root: Path) -> Iterator[Finding]:
    """`consumerSettings.X` and its like name a setting of settings.json."""
    known = json.loads((root / "bicep/settings.json").read_text(encoding="utf-8"))
    names = {"consumerSettings": "consumers", "apiSettings": "api", "closeSettings": "close"}
    for node in every(main.root):
        if node.type != "member_expression" or text(parts(node)[0]) not in names:
            continue
        name, of = text(parts(node)[-1]), known[names[text(parts(node)[0])]]
        if name not in of:
            yield main.finding(node, f"settings.json has no {name}{hint(name, of)}")
