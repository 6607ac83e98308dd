"""Files around the templates: azure.yaml, parameters, hooks and Dockerfile name what is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.syntax import every, text
from bicep.check.language.template import Template

_PINNED = re.compile(r"\S+:[\w.-]+@sha256:[0-9a-f]{64}")


def parameters(main: Template, root: Path) -> Iterator[Finding]:
    """azd's values fit the parameters of main.bicep."""
    file = root / "bicep/main.parameters.json"
    content = file.read_text(encoding="utf-8")
    where = file.relative_to(root).as_posix()
    given = json.loads(content)["parameters"]
    declared = {each.name: each for each in main.of("param")}
    for name in given.keys() - declared.keys():
        words = f"main.bicep has no parameter '{name}'{hint(name, declared)}"
        yield Finding(where, _line(content, f'"{name}":'), words)
    for name, each in declared.items():
        if each.value is None and name not in given:
            yield main.finding(each.node, f"main.parameters.json gives no value for '{name}'")


def azd(main: Template, templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    """azd finds each service by its tag, and hooks find each output that they read."""
    code = {node for each in templates.values() for node in _texts(each)}
    described = (root / "azure.yaml").read_text(encoding="utf-8")
    listed = re.search(r"^services:\n((?:  .*\n)+)", described, re.MULTILINE)
    for service in re.findall(r"^  (\w+):$", listed[1], re.MULTILINE) if listed else ():
        if f"'azd-service-name': '{service}'" not in code:
            line = _line(described, f"\n  {service}:") + 1
            yield Finding("azure.yaml", line, f"no resource has azd's tag of '{service}'")
    known = {*main.outputs, *_VARIABLE.findall(_parameters_text(root)), *_OF_HOOKS}
    for path in sorted((root / "bicep/hooks").glob("*.py")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line_ in enumerate(lines, start=1):
            for name in _READ.findall(line_):
                if name not in known:
                    where = path.relative_to(root).as_posix()
                    words = f"main.bicep has no output {name}{hint(name, known)}"
                    yield Finding(where, number, words)


_READ = re.compile(r'"([A-Z]+_[A-Z_]+)"')
_VARIABLE = re.compile(r"\$\{(\w+)")
_OF_HOOKS = {"PYTHON_IMAGE", "GATEWAY_KEY", "GATEWAY_LONG_KEY"}
"""Set by a person with `azd env set`, or by a hook for the check of the gateway."""


def _parameters_text(root: Path) -> str:
    return (root / "bicep/main.parameters.json").read_text(encoding="utf-8")


def _texts(template: Template) -> Iterator[str]:
    return (text(node) for node in every(template.root) if node.type == "object_property")


def dockerfile(root: Path) -> Iterator[Finding]:
    """Each COPY is there, the base is pinned, and nothing runs as root."""
    lines = (root / "Dockerfile").read_text(encoding="utf-8").splitlines()
    user, stage = "root", 1
    arguments: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        word, _, rest = line.partition(" ")
        match word:
            case "ARG":
                name, _, value = rest.partition("=")
                arguments[name] = value
            case "FROM":
                user, stage = "root", number
                base = _filled(rest.partition(" ")[0], arguments)
                if not _PINNED.fullmatch(base):
                    yield Finding("Dockerfile", number, f"base {base} is not pinned by a digest")
            case "COPY":
                yield from _copied(rest, number, root)
            case "USER":
                user = rest
            case "RUN" if "pip install" in rest and "--require-hashes" not in rest:
                yield Finding("Dockerfile", number, "pip installs without --require-hashes")
            case "RUN" if "uv sync" in rest and "--frozen" not in rest:
                yield Finding("Dockerfile", number, "uv sync without --frozen")
    if user in {"root", "0"}:
        yield Finding("Dockerfile", stage, "the last stage runs as root: it has no USER")


def _filled(words: str, arguments: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: arguments.get(found[1], found[0]), words)


def _copied(rest: str, number: int, root: Path) -> Iterator[Finding]:
    words = rest.split()
    if words[0].startswith("--from"):
        return
    for name in words[:-1]:
        if not (root / name).exists():
            yield Finding("Dockerfile", number, f"COPY {name}: there is no such file or folder")


def _line(content: str, words: str) -> int:
    return content[: content.index(words)].count("\n") + 1
