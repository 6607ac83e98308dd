"""Everything that can be wrong with a policy, or with running one."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One fault of a policy file, and its position."""

    file: str
    line: int
    message: str

    @classmethod
    def at(cls, position: str, message: str) -> "Finding":
        """`position` is "file:line", as the engine reports it."""
        file, _, line = position.rpartition(":")
        return cls(file=file, line=int(line), message=message)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class PolicyError(Exception):
    """Base of all errors of this package."""


class InvalidPolicies(PolicyError):
    """The policy files have faults; each finding names file and line."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__("\n".join(map(str, findings)))
        self.findings = tuple(findings)


class MonoMissing(PolicyError):
    """Compiling policy expressions needs mono, mcs and Newtonsoft.Json."""


class StreamBodyRead(PolicyError):
    """A policy read the body of a streamed response; this would hold the whole stream back."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(str(finding))
        self.finding = finding


class EngineFailed(PolicyError):
    """The engine that runs the policies ended or answered with an error of its own."""
