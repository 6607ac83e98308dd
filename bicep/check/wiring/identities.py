"""Who gets what in main.bicep: a program its own identity, and a parameter its own resource."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, member, members, parts, text
from bicep.check.language.template import Declared, Template
from bicep.reads import OF_PROGRAMS

_IDENTITIES = {"identityIds", "clientIds", "principals"}
_WRITES_CAPTURE = {"usageHub", "captureRole"}
"""Modules about the identity `capture`, which is of no program."""


def identities(main: Template) -> Iterator[Finding]:
    """Findings of main.bicep."""
    modules = {each.name: each for each in main.of("module")}
    for each in modules.values():
        owner = "capture" if each.name in _WRITES_CAPTURE else each.name
        for node in every(each.body) if each.body is not None else ():
            if node.type != "member_expression" or text(parts(node)[0]) not in _IDENTITIES:
                continue
            process = text(parts(node)[-1])
            if process != owner and (owner == "capture" or owner in OF_PROGRAMS):
                words = f"'{each.name}' takes the identity of '{process}', not its own"
                yield main.finding(node, words)
        yield from _resources(main, each, modules)


def _resources(main: Template, each: Declared, modules: dict[str, Declared]) -> Iterator[Finding]:
    """A parameter whose name begins with that of a module takes outputs of that module."""
    listed = member(each.body, "params")
    for name, _, value in members(listed) if listed is not None else ():
        owner = _owner(name or "", modules)
        for module in _outputs(value) if owner is not None else ():
            if module in modules and module != owner:
                words = f"parameter '{name}' of '{each.name}' takes an output of '{module}'"
                yield main.finding(value, f"{words}, not of '{owner}'")


def _owner(name: str, modules: dict[str, Declared]) -> str | None:
    """`usageHub` of `usageHost`, and `uiVault` of `uiVaultName`."""
    stems = {module.removesuffix("Hub"): module for module in modules}
    fits = [
        stem
        for stem in stems
        if name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper()
    ]
    return stems[max(fits, key=len)] if fits else None


def _outputs(value: Node) -> Iterator[str]:
    """Modules whose outputs a value takes."""
    for node in every(value):
        if node.type == "member_expression" and text(parts(node)[-1]) == "outputs":
            yield text(parts(node)[0]).rstrip("!")
