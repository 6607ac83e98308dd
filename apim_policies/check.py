"""All checks of this folder: well-formed, schema, names, braces and order, compiled, allowed types,
run. They run in this order, because a fault found by one would confuse the next."""

import asyncio
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from apim_policies.errors import Finding, InvalidPolicies
from apim_policies.harness import compiler
from apim_policies.harness.expressions import find_expressions
from apim_policies.harness.plan import read_policies
from apim_policies.harness.policies import Policies
from apim_policies.harness.policy_file import named_values_used
from apim_policies.harness.schema import check_schema, declared_names
from apim_policies.lint import misplaced, oversized, unbraced
from apim_policies.probe import run_probes

NAMED_VALUES_FILE = "named_values.json"
_FILES = "every file is well-formed and has known policies in their sections (policy.rng)"
_LOADS_NAMED_VALUES = re.compile(
    rf"loadJsonContent\(\s*'(?:[^']*/)?{re.escape(NAMED_VALUES_FILE)}'"
)
# A string may contain what looks like a comment, such as a URL.
_STRING_OR_COMMENT = re.compile(
    r"(?P<string>'''.*?'''|'(?:\\.|[^'\\\n])*')|//[^\n]*|/\*.*?\*/", re.DOTALL
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """The outcome of one check."""

    claim: str
    findings: tuple[Finding, ...] = ()
    skipped: str | None = None
    """Why the check could not run here."""


def read_named_values(folder: Path) -> dict[str, str]:
    """Names and default values, as Bicep deploys them. InvalidPolicies when there is no such file,
    or when it is something else."""
    try:
        values = json.loads((folder / NAMED_VALUES_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else f"is not JSON ({error})"
        raise _unusable(f"{said}: copy the file of apim_policies/ next to your policies") from error
    if not isinstance(values, dict) or not all(isinstance(each, str) for each in values.values()):
        raise _unusable("expected an object of names and texts")
    return values


def _unusable(message: str) -> InvalidPolicies:
    return InvalidPolicies([Finding(file=NAMED_VALUES_FILE, line=0, message=message)])


def check_policies(folder: Path, bicep: Path) -> Iterator[Check]:
    """Each check's outcome as soon as it is known. The first check with findings is the last one
    that runs.
    """
    try:
        named_values = read_named_values(folder)
    except InvalidPolicies as error:
        yield Check(claim=_FILES, findings=error.findings)
        return
    checks: tuple[Callable[[], Check], ...] = (
        lambda: _check_files(folder, named_values),
        lambda: _check_names(folder, named_values, bicep),
        lambda: _check_rules(folder, named_values),
        lambda: _check_expressions(folder, named_values),
        lambda: _check_runs(folder, named_values),
    )
    for check in checks:
        outcome = check()
        yield outcome
        if outcome.findings:
            return


def _check_files(folder: Path, named_values: Mapping[str, str]) -> Check:
    try:
        read_policies(folder, named_values)
    except InvalidPolicies as error:
        return Check(claim=_FILES, findings=error.findings)
    return Check(claim=_FILES, findings=tuple(check_schema(folder)))


def _check_names(folder: Path, named_values: Mapping[str, str], bicep: Path) -> Check:
    claim = "fragments, loggers and named values are deployed under the same names (bicep)"
    used = {
        name: Finding(file=path.name, line=line, message="named value")
        for path in folder.glob("*.xml")
        for name, line in named_values_used(path).items()
    }
    unused = tuple(
        Finding(file=NAMED_VALUES_FILE, line=0, message=f"no policy uses {name}")
        for name in sorted(named_values.keys() - used.keys())
    )
    deployed = "\n".join(_code(path.read_text(encoding="utf-8")) for path in bicep.rglob("*.bicep"))
    if not deployed or unused:
        skipped = None if deployed else f"{bicep}/ has no .bicep file"
        return Check(claim=claim, findings=unused, skipped=skipped)
    if _LOADS_NAMED_VALUES.search(deployed):
        used = {}
    return Check(
        claim=claim,
        findings=tuple(
            Finding(file=at.file, line=at.line, message=f"{at.message} {name} is not in {bicep}/")
            for name, at in {**declared_names(folder), **used}.items()
            if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", deployed)
        ),
    )


def _code(bicep: str) -> str:
    """The code without comments: a name in a comment is not deployed."""
    return _STRING_OR_COMMENT.sub(lambda found: found["string"] or "", bicep)


def _check_rules(folder: Path, named_values: Mapping[str, str]) -> Check:
    claim = "small fragments, braces around every block, and an order in which no call is lost"
    policies = read_policies(folder, named_values)
    expressions, _ = find_expressions(policies.elements)
    found = (*oversized(folder), *unbraced(expressions), *misplaced(policies))
    return Check(claim=claim, findings=found)


def _check_expressions(folder: Path, named_values: Mapping[str, str]) -> Check:
    policies = read_policies(folder, named_values)
    expressions, findings = find_expressions(policies.elements)
    claim = f"{len(expressions)} expressions compile and use allowed types only"
    missing = compiler.missing_tools()
    if findings or missing:
        return Check(claim=claim, findings=tuple(findings), skipped=missing)
    try:
        library = compiler.compile_expressions(expressions, "check")
    except InvalidPolicies as error:
        return Check(claim=claim, findings=error.findings)
    return Check(claim=claim, findings=tuple(compiler.check_types(library, expressions)))


def _check_runs(folder: Path, named_values: Mapping[str, str]) -> Check:
    claim = "every operation, plain, streamed, refused or failed, makes one event by the contract"
    missing = compiler.missing_tools()
    if missing:
        return Check(claim=claim, skipped=missing)
    values = {**named_values, "chargeback-authentication": "subscription-key"}
    return Check(claim=claim, findings=tuple(asyncio.run(_probe(folder, values))))


async def _probe(folder: Path, named_values: Mapping[str, str]) -> list[Finding]:
    async with await Policies.load(folder, named_values) as policies:
        return await run_probes(policies)
