"""The gateway's resources fit its policies: loggers, fragments, named values and diagnostics."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

from bicep.check.finding import Finding
from bicep.check.language.expressions import hint
from bicep.check.language.syntax import every, line, literal, member, parts, text
from bicep.check.language.template import Declared, Template

_LOGGER = re.compile(r'logger-id="([^"]+)"')
_FRAGMENT = re.compile(r'fragment-id="([^"]+)"')
_NAMED = re.compile(r"\{\{([\w-]+)\}\}")
_LOADED = re.compile(r"(chargeback-[\w-]+)\.fragment\.xml$")
_LOGGER_OF = {"azuremonitor": "monitor", "applicationinsights": "insights"}
"""A diagnostic has the name of its kind, and takes the logger of that kind."""


def gateway(templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    """Findings about all templates and policy files together."""
    resources = [
        (template, each) for template in templates.values() for each in template.of("resource")
    ]
    yield from _loggers(resources, root)
    yield from _fragments(templates, root)
    yield from _named_values(root)
    yield from _diagnostics(resources)


def _policies(root: Path) -> Iterator[tuple[str, int, str]]:
    """File, line and text of each line of the policy files."""
    for path in sorted((root / "apim_policies").glob("*.xml")):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, words in enumerate(lines, start=1):
            yield path.relative_to(root).as_posix(), number, words


def _of_type(
    resources: list[tuple[Template, Declared]], name: str
) -> Iterator[tuple[Template, Declared, str | None]]:
    for template, each in resources:
        if each.target.partition("@")[0] == name and not each.existing:
            yield template, each, literal(member(each.body, "name"))


def _loggers(resources: list[tuple[Template, Declared]], root: Path) -> Iterator[Finding]:
    made = {
        name: (template, each)
        for template, each, name in _of_type(resources, "Microsoft.ApiManagement/service/loggers")
        if name is not None
    }
    named = set()
    for file, number, words in _policies(root):
        for name in _LOGGER.findall(words):
            named.add(name)
            if name not in made:
                yield Finding(file, number, f"no logger '{name}' is deployed{hint(name, made)}")
    for name, (template, each) in made.items():
        if name not in named and name not in _LOGGER_OF:
            words = f"no policy and no diagnostic names the logger '{name}'"
            yield template.finding(member(each.body, "name") or each.node, words)


def _fragments(templates: dict[str, Template], root: Path) -> Iterator[Finding]:
    files = {
        path.name.removesuffix(".fragment.xml")
        for path in (root / "apim_policies").glob("*.fragment.xml")
    }
    deployed = set()
    template = templates["modules/gateway_policies.bicep"]
    for node in every(template.root):
        if node.type != "object" or member(node, "xml") is None:
            continue
        name = literal(member(node, "name")) or ""
        deployed.add(name)
        loaded = _LOADED.search(_path(template, node))
        if loaded is None or loaded[1] != name:
            yield template.finding(node, f"fragment '{name}' is not of the file of that name")
    declared = template.named("fragments")
    for name in sorted(files - deployed):
        if declared is not None:
            yield template.finding(declared.node, f"the fragment '{name}' is not deployed")
    for file, number, words in _policies(root):
        for name in _FRAGMENT.findall(words):
            if name not in deployed:
                known = hint(name, deployed)
                yield Finding(file, number, f"no fragment '{name}' is deployed{known}")


def _path(template: Template, node: object) -> str:
    call = member(node, "xml")  # type: ignore[arg-type]
    arguments = parts(parts(call)[-1]) if call is not None and parts(call) else []
    return literal(arguments[0]) or "" if arguments else ""


def _named_values(root: Path) -> Iterator[Finding]:
    file = root / "apim_policies/named_values.json"
    content = file.read_text(encoding="utf-8")
    known = json.loads(content)
    used = set()
    for name, number, words in _policies(root):
        for value in _NAMED.findall(words):
            used.add(value)
            if value not in known:
                yield Finding(
                    name, number, f"named_values.json has no '{value}'{hint(value, known)}"
                )
    for number, words in enumerate(content.splitlines(), start=1):
        for value in set(known) - used:
            if f'"{value}":' in words:
                where = file.relative_to(root).as_posix()
                yield Finding(where, number, f"no policy reads the named value '{value}'")


def _diagnostics(resources: list[tuple[Template, Declared]]) -> Iterator[Finding]:
    kind = "Microsoft.ApiManagement/service/apis/diagnostics"
    for template, each, name in _of_type(resources, kind):
        properties = member(each.body, "properties")
        logger = member(properties, "loggerId")
        wanted = _LOGGER_OF.get(name or "")
        if wanted is None:
            known = " or ".join(_LOGGER_OF)
            yield template.finding(each.node, f"a diagnostic is named {known}, not '{name}'")
        elif logger is not None and not text(logger).startswith(wanted):
            words = f"diagnostic '{name}' takes the logger '{text(logger)}' of another kind"
            yield template.finding(logger, words)
        yield from _says(template, each, name)


_SAYS = {
    "azuremonitor": {"verbosity": "'verbose'", "largeLanguageModel": "{ logs: 'enabled' }"},
    "applicationinsights": {"metrics": "true", "verbosity": "'information'"},
}
"""Without these the gateway logs no tokens, no trace, or no metric, and says nothing of it; or it
writes the trace, which names the caller, where pseudonyms are.
"""


def _says(template: Template, each: Declared, name: str | None) -> Iterator[Finding]:
    properties = member(each.body, "properties")
    sampling = member(member(properties, "sampling"), "percentage")
    if sampling is None or text(sampling) != "100":
        where = sampling or each.node
        yield Finding(template.file, line(where), f"diagnostic '{name}' samples: 100 are wanted")
    for key, wanted in _SAYS.get(name or "", {}).items():
        value = member(properties, key)
        if value is None or text(value) != wanted:
            yield template.finding(
                value or each.node, f"diagnostic '{name}': {key} is not {wanted}"
            )
