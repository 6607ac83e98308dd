"""Validates policy files against policy.rng: which policy may be where, and how."""

import re
from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import cast

from lxml import etree

from apim_policies.errors import Finding
from apim_policies.harness.plan import SECTIONS
from apim_policies.harness.policy_file import FRAGMENT_SUFFIX, POLICY_SUFFIX

UNUSED = (
    "no policy includes this fragment; where policies of your own replace it, check a copy of the "
    "folder without it"
)
UNKNOWN = (
    "the check can run the policies in policy.rng only; leave others out of the copy that you check"
)
_SCHEMA = Path(__file__).parent.parent / "policy.rng"
_UNEXPECTED = re.compile(r"(?:Did not expect element|extra content:) (?P<name>[\w-]+)")


@cache
def _schema() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(_SCHEMA))


def check_schema(folder: Path) -> list[Finding]:
    """Findings of every file; a fragment is checked once per section that includes it, an unused
    fragment is a finding itself."""
    findings: list[Finding] = []
    includes: dict[str, list[str]] = {}
    for path in folder.glob(f"*{POLICY_SUFFIX}"):
        root = etree.parse(path).getroot()
        findings += _validate(root, path.name)
        for fragment, section in _includes(root):
            includes.setdefault(fragment, []).append(section)
    for path in sorted(folder.glob(f"*{FRAGMENT_SUFFIX}")):
        sections = includes.get(path.name.removesuffix(FRAGMENT_SUFFIX), [])
        findings += _check_fragment(path, sections)
    return findings


def _includes(root: etree._Element) -> list[tuple[str, str]]:
    return [
        (include.get("fragment-id", ""), section)
        for section in SECTIONS
        for include in root.iterfind(f"{section}//include-fragment")
    ]


def _check_fragment(path: Path, sections: list[str]) -> list[Finding]:
    root = etree.parse(path).getroot()
    if root.tag != "fragment":
        return [_finding(path.name, _line(root), f"root is {root.tag}, expected fragment")]
    if not sections:
        return [_finding(path.name, _line(root), UNUSED)]
    found: dict[Finding, None] = {}
    for section in sections:
        root.tag = f"{section}-fragment"
        found |= dict.fromkeys(_validate(root, path.name))
    return list(found)


def _validate(root: etree._Element, file: str) -> list[Finding]:
    """The innermost finding: RELAX NG also repeats it for every element around it."""
    schema = _schema()
    if schema.validate(root):
        return []
    errors = [(entry.line, str(entry.message)) for entry in schema.error_log]
    line, message = max(errors, key=lambda error: error[0])
    return [_finding(file, line or _line_at_fault(root, message), _with_cure(message))]


def _with_cure(message: str) -> str:
    """A policy of another purpose is no fault of the gateway's: only this check cannot run it."""
    named = _UNEXPECTED.search(message)
    if named is None or named["name"] in _known_policies():
        return message
    return f"{message}: {UNKNOWN}"


@cache
def _known_policies() -> frozenset[str]:
    elements = etree.parse(_SCHEMA).iter("{http://relaxng.org/ns/structure/1.0}element")
    return frozenset(name for element in elements if (name := element.get("name")))


def _line_at_fault(root: etree._Element, message: str) -> int:
    """If an attribute is missing, libxml2 reports the element's name but no line. The line is that
    of the element without which the complaint disappears."""
    named = re.match(r"Element (\S+) ", message)
    for index, element in enumerate(root.iter(named[1]) if named else ()):
        copy = deepcopy(root)
        twin = list(copy.iter(element.tag))[index]
        if (parent := twin.getparent()) is None:
            continue
        parent.remove(twin)
        _schema().validate(copy)
        if message not in [entry.message for entry in _schema().error_log]:
            return _line(element)
    return _line(root)


def _line(element: etree._Element) -> int:
    # The stubs do not give the type of sourceline; a parsed element has a line.
    return cast(int, element.sourceline)


def _finding(file: str, line: int, message: str) -> Finding:
    return Finding(file=file, line=line, message=message)


def declared_names(folder: Path) -> Mapping[str, Finding]:
    """Fragment ids and logger ids of the folder's policies, each with its first position."""
    names: dict[str, Finding] = {}
    for path in [*folder.glob(f"*{POLICY_SUFFIX}"), *folder.glob(f"*{FRAGMENT_SUFFIX}")]:
        for element in etree.parse(path).getroot().iter("include-fragment", "log-to-eventhub"):
            name = element.get("fragment-id") or element.get("logger-id") or ""
            names.setdefault(name, _finding(path.name, _line(element), str(element.tag)))
    return names
