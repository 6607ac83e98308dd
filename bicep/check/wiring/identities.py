"""Who gets what in main.bicep: a program its own identity, and a parameter its own value."""

from collections.abc import Iterator

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.syntax import every, member, members, parts, text
from bicep.check.language.template import Declared, Template
from bicep.reads import OF_PROGRAMS

_IDENTITIES = {"identityIds", "clientIds", "principals"}
_WRITES_CAPTURE = {"usageHub", "captureRole"}
"""Modules about the identity `capture`, which is of no program."""


_GATEWAY_GROUP = "resourceGroup(gatewaySubscription, gatewayGroup)"
_SUBNETS = {
    "privateEndpoints": "endpointsSubnetId", "programs": "programsSubnetId",
    "api": "functionsSubnetId",
}  # fmt: skip


def identities(main: Template, templates: dict[str, Template]) -> Iterator[Finding]:
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
        yield from _same_name(main, each, modules, templates)
        yield from _of_gateway(main, each)


def _resources(main: Template, each: Declared, modules: dict[str, Declared]) -> Iterator[Finding]:
    """A parameter whose name begins with that of a module takes outputs of that module."""
    listed = member(each.body, "params")
    for name, _, value in members(listed) if listed is not None else ():
        owner = _owner(name or "", modules)
        for module in _outputs(value) if owner is not None else ():
            if module in modules and module != owner:
                words = f"parameter '{name}' of '{each.name}' takes an output of '{module}'"
                yield main.finding(value, f"{words}, not of '{owner}'")


def _same_name(
    main: Template, each: Declared, modules: dict[str, Declared], templates: dict[str, Template]
) -> Iterator[Finding]:
    """A parameter takes the parameter or output of its own name, where there is one."""
    listed = member(each.body, "params")
    for name, _, value in members(listed) if listed is not None else ():
        own = main.named(name or "")
        given = main.named(text(value)) if value.type == "identifier" else None
        others = {own.kind, given.kind} if own is not None and given is not None else set()
        if others == {"param"} and given is not own:
            yield main.finding(value, f"parameter '{name}' takes '{text(value)}', not '{name}'")
        if value.type == "member_expression" and text(parts(value)[0]).endswith(".outputs"):
            module = modules.get(text(parts(value)[0]).partition(".")[0].rstrip("!"))
            inner = templates.get(main.beside(module.target)) if module is not None else None
            if inner is not None and name in inner.outputs and text(parts(value)[-1]) != name:
                yield main.finding(value, f"parameter '{name}' takes {text(value)}, not '{name}'")


def _of_gateway(main: Template, each: Declared) -> Iterator[Finding]:
    """What is on the gateway is in its group, and what is in a network in its own subnet."""
    scope = member(each.body, "scope")
    on_gateway = "gateway_" in each.target or each.target.endswith("existing_gateway.bicep")
    if on_gateway and scope is not None and text(scope) != _GATEWAY_GROUP:
        yield main.finding(scope, f"'{each.name}' is in the gateway's group: {_GATEWAY_GROUP}")
    subnet = member(member(each.body, "params"), "subnetId")
    wanted = _SUBNETS.get(each.name, "")
    if subnet is not None and wanted not in text(subnet):
        yield main.finding(subnet, f"'{each.name}' is in the subnet {wanted}")


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
