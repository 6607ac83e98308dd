"""Turns the API policy and its fragments into one plan: sections with fragments put in their place.
The engine knows what each policy does; the schema (policy.rng) knows which policies exist."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from apim_policies.errors import Finding, InvalidPolicies
from apim_policies.harness.expressions import Expression, slots
from apim_policies.harness.policy_file import (
    FRAGMENT_SUFFIX,
    POLICY_SUFFIX,
    Element,
    Text,
    read_policy,
)

SECTIONS = ("inbound", "backend", "outbound", "on-error")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySet:
    """The API's policy and all fragments of its folder, by fragment id."""

    policy: Element
    fragments: Mapping[str, Element]

    @property
    def elements(self) -> list[Element]:
        return [self.policy, *self.fragments.values()]

    def section(self, name: str) -> list[Element]:
        """The policies of one section, each fragment replaced by its content."""
        section = next((child for child in self.policy.children if child.name == name), None)
        return list(self._expand(section.children)) if section else []

    def _expand(self, steps: Iterable[Element]) -> Iterable[Element]:
        for step in steps:
            if step.name == "include-fragment":
                yield from self.fragments[fragment_id(step)].children
            else:
                yield step


def fragment_id(include: Element) -> str:
    return include.attributes["fragment-id"].value


def read_policies(folder: Path, named_values: Mapping[str, str]) -> PolicySet:
    """All policy files of a folder. Raises InvalidPolicies with the findings of every file."""
    findings: list[Finding] = []
    roots: dict[str, Element] = {}
    for path in [*folder.glob(f"*{POLICY_SUFFIX}"), *sorted(folder.glob(f"*{FRAGMENT_SUFFIX}"))]:
        try:
            roots[path.name] = read_policy(path, named_values)
        except InvalidPolicies as error:
            findings.extend(error.findings)
    policies = [root for name, root in roots.items() if name.endswith(POLICY_SUFFIX)]
    if findings or len(policies) != 1:
        count = f"{len(policies)} files end with {POLICY_SUFFIX}, expected 1"
        raise InvalidPolicies(findings or [Finding(file=folder.name, line=0, message=count)])
    fragments = {
        name.removesuffix(FRAGMENT_SUFFIX): root
        for name, root in roots.items()
        if name.endswith(FRAGMENT_SUFFIX)
    }
    policy_set = PolicySet(policy=policies[0], fragments=fragments)
    _check_includes(policy_set)
    return policy_set


def _check_includes(policies: PolicySet) -> None:
    includes = [step for step in policies.policy.walk() if step.name == "include-fragment"]
    findings = [
        Finding(file=step.file, line=step.line, message=f"fragment {fragment_id(step)} has no file")
        for step in includes
        if fragment_id(step) not in policies.fragments
    ]
    if findings:
        raise InvalidPolicies(findings)


def plan(policies: PolicySet, expressions: Sequence[Expression]) -> dict[str, Any]:
    """The JSON that the engine runs: literals as strings, expressions by index."""
    by_text = {expression.text: expression for expression in expressions}

    def value(text: Text) -> Any:
        found = by_text.get(text)
        if found is None:
            return text.value
        return {"expression": found.index, "position": f"{text.file}:{text.line}"}

    def step(element: Element) -> dict[str, Any]:
        values = {slot: value(text) for slot, text in slots(element)}
        own_text = values.pop("", None)
        planned: dict[str, Any] = {"name": element.name, "position": element.position}
        planned |= {"attributes": values, "children": [step(child) for child in element.children]}
        return planned if own_text is None else planned | {"text": own_text}

    return {name: [step(child) for child in policies.section(name)] for name in SECTIONS}
