"""Container apps and jobs: ports, secrets, sizes, commands, schedules, and what scales them.

The types that Microsoft publishes say nothing of these: a metadata of KEDA is any text, and a port
is any number.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tree_sitter import Node

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.syntax import every, literal, member, members, parts, text
from bicep.check.language.template import Declared, Template

_TYPES = ("Microsoft.App/containerApps", "Microsoft.App/jobs")
_KEDA = {
    "azure-eventhub": (
        {
            "eventHubNamespace", "eventHubName", "consumerGroup", "storageAccountName",
            "blobContainer", "checkpointStrategy", "unprocessedEventThreshold",
        },
        {"activationUnprocessedEventThreshold", "cloud", "endpointSuffix", "storageEndpointSuffix"},
    )
}  # fmt: skip
"""By the type of a scaler: metadata that it needs where it signs in by identity, and the rest."""
_STRATEGIES = {"azureFunction", "blobMetadata", "goSdk", "dapr"}
_OURS = "blobMetadata"
"""What Microsoft's checkpoint store for Python writes."""
_CRON = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_GIB_FOR_A_CPU = 2


def containers(template: Template, templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    """Findings of one file."""
    for each in template.of("resource"):
        if each.target.partition("@")[0] not in _TYPES or each.existing:
            continue
        yield from _ports(template, each)
        yield from _secrets(template, each)
        for node in every(each.body) if each.body is not None else ():
            if node.type != "object":
                continue
            yield from _size(template, node)
            yield from _scaler(template, node)
            yield from _command(template, templates, node, root)
            yield from _schedule(template, templates, node)


def _said(template: Template, node: Node) -> str:
    """The text of a value, behind variables and `string(…)`."""
    if node.type == "call_expression" and text(parts(node)[0]) == "string":
        return _said(template, parts(parts(node)[-1])[0])
    declared = template.named(text(node)) if node.type == "identifier" else None
    if declared is not None and declared.kind == "var" and declared.value is not None:
        return _said(template, declared.value)
    return text(node).strip("'")


def _ports(template: Template, each: Declared) -> Iterator[Finding]:
    """The door, the probes and the program name one port."""
    found: list[tuple[Node, str]] = []
    for node in every(each.body) if each.body is not None else ():
        if node.type == "object_property" and text(parts(node)[0]) in {"targetPort", "port"}:
            found.append((node, _said(template, parts(node)[-1])))
        if node.type == "array":
            words = [_said(template, word) for word in parts(node)]
            if "--server.port" in words[:-1]:
                found.append((node, words[words.index("--server.port") + 1]))
    for node, port in found[1:]:
        if port != found[0][1]:
            words_ = f"'{each.name}' has port {port} here and {found[0][1]} at its door"
            yield template.finding(node, words_)


def _secrets(template: Template, each: Declared) -> Iterator[Finding]:
    listed = member(member(member(each.body, "properties"), "configuration"), "secrets")
    made = {literal(member(one, "name")) or "" for one in parts(listed)} if listed else set()
    for node in every(each.body) if each.body is not None else ():
        named = literal(member(node, "secretRef")) if node.type == "object" else None
        if named is not None and named not in made:
            yield template.finding(node, f"there is no secret '{named}'{hint(named, made)}")


def _size(template: Template, node: Node) -> Iterator[Finding]:
    """The Consumption profile gives 2 GiB for each CPU, in steps of a quarter CPU, up to four."""
    found = re.fullmatch(r"json\('(\d+(?:\.\d+)?)'\)", text(member(node, "cpu") or node))
    memory = re.fullmatch(r"(\d+(?:\.\d+)?)Gi", literal(member(node, "memory")) or "")
    if found is None or memory is None:
        return
    quarters = round(float(found[1]) * 4)
    fits = float(found[1]) * 4 == quarters and 1 <= quarters <= 16
    if not fits or float(memory[1]) != float(found[1]) * _GIB_FOR_A_CPU:
        words = f"{found[1]} CPU and {memory[1]} GiB do not go together: 2 GiB for each CPU"
        yield template.finding(node, words)


def _scaler(template: Template, node: Node) -> Iterator[Finding]:
    metadata, kind = member(node, "metadata"), literal(member(node, "type"))
    if metadata is None or kind is None:
        return
    if kind not in _KEDA:
        yield template.finding(node, f"no program is scaled by '{kind}'{hint(kind, _KEDA)}")
        return
    needed, others = _KEDA[kind]
    given = {name: value for name, _, value in members(metadata) if name is not None}
    for name in given.keys() - needed - others:
        words = f"'{kind}' has no metadata '{name}'{hint(name, needed | others)}"
        yield template.finding(given[name], words)
    for name in sorted(needed - given.keys()):
        yield template.finding(metadata, f"'{kind}' lacks the metadata '{name}'")
    if member(node, "identity") is None:
        yield template.finding(node, f"'{kind}' signs in by no identity")
    strategy = literal(given.get("checkpointStrategy"))
    if strategy is not None and strategy != _OURS:
        words = f"checkpoints are written as {_OURS}, not as '{strategy}'"
        yield template.finding(given["checkpointStrategy"], words + hint(strategy, _STRATEGIES))


def _command(
    template: Template, templates: dict[str, Template], node: Node, root: Path
) -> Iterator[Finding]:
    """`python -m PACKAGE` and files of Python are there."""
    for where, value in passed(template, templates, member(node, "command")):
        words = [literal(each) or "" for each in parts(value)]
        if words[:2] != ["python", "-m"]:
            yield where.finding(value, "a program starts by `python -m`")
            continue
        package = words[2] if len(words) > 2 else ""
        if package != "streamlit" and not (root / package / "__main__.py").is_file():
            yield where.finding(value, f"there is no program '{package}'")
        for word in words:
            if word.endswith(".py") and not (root / word).is_file():
                yield where.finding(value, f"there is no file '{word}'")


def _schedule(template: Template, templates: dict[str, Template], node: Node) -> Iterator[Finding]:
    for where, value in passed(template, templates, member(node, "cronExpression")):
        wrong = wrong_cron(literal(value) or "")
        if wrong is not None:
            yield where.finding(value, wrong)


def wrong_cron(words: str) -> str | None:
    """What is wrong with a schedule of five fields; None where nothing is."""
    fields = words.split()
    if len(fields) != len(_CRON):
        return f"a schedule has five fields, and '{words}' has {len(fields)}"
    for field, (least, most) in zip(fields, _CRON, strict=True):
        for part in field.split(","):
            found = re.fullmatch(r"(?:\*|(\d+)(?:-(\d+))?)(?:/[1-9]\d*)?", part)
            if found is None or any(not least <= int(n) <= most for n in found.groups() if n):
                return f"'{part}' is no field of a schedule from {least} to {most}"
    return None


def passed(
    template: Template, templates: dict[str, Template], value: Node | None
) -> Iterator[tuple[Template, Node]]:
    """A value, or what callers pass where it is a parameter; each in its file."""
    if value is None:
        return
    declared = template.named(text(value)) if value.type == "identifier" else None
    if declared is None or declared.kind != "param":
        yield template, value
        return
    for caller in templates.values():
        for module in caller.of("module"):
            if templates.get(caller.beside(module.target)) is template:
                given = member(member(module.body, "params"), declared.name)
                if given is not None:
                    yield caller, given
