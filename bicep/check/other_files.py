"""Dockerfile and main.parameters.json: what they name is there."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.template import Template

_PINNED = re.compile(r"\S+:[\w.-]+@sha256:[0-9a-f]{64}")


def parameters(main: Template, root: Path) -> Iterator[Finding]:
    """azd's values fit the parameters of main.bicep."""
    file = root / "bicep/main.parameters.json"
    text = file.read_text(encoding="utf-8")
    where = file.relative_to(root).as_posix()
    given = json.loads(text)["parameters"]
    declared = {each.name: each for each in main.of("param")}
    for name in given.keys() - declared.keys():
        words = f"main.bicep has no parameter '{name}'{hint(name, declared)}"
        yield Finding(where, _line(text, f'"{name}":'), words)
    for name, each in declared.items():
        if each.value is None and name not in given:
            yield main.finding(each.node, f"main.parameters.json gives no value for '{name}'")


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


def _filled(text: str, arguments: dict[str, str]) -> str:
    return re.sub(r"\$\{(\w+)\}", lambda found: arguments.get(found[1], found[0]), text)


def _copied(rest: str, number: int, root: Path) -> Iterator[Finding]:
    words = rest.split()
    if words[0].startswith("--from"):
        return
    for name in words[:-1]:
        if not (root / name).exists():
            yield Finding("Dockerfile", number, f"COPY {name}: there is no such file or folder")


def _line(text: str, words: str) -> int:
    return text[: text.index(words)].count("\n") + 1
