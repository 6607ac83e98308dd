"""What main.bicep starts: verbs that exist, the hubs that each verb reads, and the function app."""

import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.syntax import every, literal, member, parts, text
from bicep.check.language.template import Declared, Template

_USAGE = {
    "namespace": "usageHub.outputs.namespaceName",
    "hub": "usageHubName",
}
_DIAGNOSTICS = {
    "namespace": "diagnosticsHub.outputs.namespaceName",
    "hub": "diagnosticsHubName",
}
_READS = {
    "run": [{**_USAGE, "group": "meteringGroup"}],
    "pair": [{**_USAGE, "group": "pairingGroup"}, {**_DIAGNOSTICS, "group": "pairingGroup"}],
}
"""By verb of the consumers: what it reads, and is scaled by."""
_CONTAINER = "consumerSettings.CHECKPOINT_CONTAINER"
_VERB = re.compile(r"`python -m consumers (\w[\w-]*)")


def programs(main: Template, templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    """Findings of main.bicep and of the function app."""
    verbs = set(_VERB.findall((root / "docs/cli.md").read_text(encoding="utf-8")))
    for each in main.of("module"):
        given = member(each.body, "params")
        words = [literal(node) or "" for node in _listed(member(given, "arguments"))]
        if words:
            yield from _consumer(main, each, given, words[0], verbs)
    for template in templates.values():
        yield from _function_app(template)


def _consumer(
    main: Template, each: Declared, given: Node | None, verb: str, verbs: set[str]
) -> Iterator[Finding]:
    where = member(given, "arguments") or each.node
    if verb not in verbs:
        yield main.finding(where, f"consumers have no verb '{verb}'{hint(verb, verbs)}")
        return
    wanted = _READS.get(verb, [])
    listed = member(given, "reads")
    found = [_entries(node) for node in _listed(listed)]
    for number, one in enumerate(found):
        expected = wanted[number] if number < len(wanted) else {}
        for name, value in one.items():
            if expected.get(name) != value:
                words = f"'{verb}' reads {name} {expected.get(name)}, not {value}"
                yield main.finding(_listed(listed)[number], words)
    if len(found) < len(wanted):
        yield main.finding(listed or each.node, f"'{verb}' reads {len(wanted)} hubs")
    container = member(given, "checkpointContainer")
    if container is not None and text(container) != _CONTAINER:
        yield main.finding(container, f"checkpoints are in {_CONTAINER}")


def _entries(node: Node) -> dict[str, str]:
    return {
        name: text(value)
        for name in ("namespace", "hub", "group")
        if (value := member(node, name)) is not None
    }


def _listed(node: Node | None) -> list[Node]:
    return parts(node) if node is not None and node.type == "array" else []


_FLEX = {"name": "FC1", "tier": "FlexConsumption"}
_RUNTIME = {"name": "python", "version": "3.13"}
"""The Python that the package is locked and tested for."""


def _function_app(template: Template) -> Iterator[Finding]:
    for each in template.of("resource"):
        match each.target.partition("@")[0]:
            case "Microsoft.Web/serverfarms":
                yield from _is(template, member(each.body, "sku"), _FLEX, "the plan")
            case "Microsoft.Web/sites":
                for node in every(each.body) if each.body is not None else ():
                    runtime = member(node, "runtime") if node.type == "object" else None
                    yield from _is(template, runtime, _RUNTIME, "the function app")


def _is(
    template: Template, node: Node | None, wanted: dict[str, str], what: str
) -> Iterator[Finding]:
    for name, value in wanted.items() if node is not None else ():
        found = literal(member(node, name))
        if node is not None and found != value:
            yield template.finding(node, f"{name} of {what} is '{found}': it has to be '{value}'")
