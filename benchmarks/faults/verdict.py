"""The line that a run ends with, and whether it is a good one."""

from collections.abc import Sequence
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The result of one run. The fields are the columns of the table."""

    fault: str
    events: int
    """Distinct calls that were sent."""
    resent: int
    """Calls of these that the producer sent again."""
    struck: int
    """How often the fault really took effect; the catalogue says what is counted."""
    kills: int
    redelivered: int
    """Deliveries by the hub beyond one for each event in it."""
    dropped: int
    """Calls that existed already when they were posted."""
    retries: int
    """Answers of storage after which the same write was tried again."""
    letters: int
    """Dead letters, every one of which was redriven in the end."""
    lost: int
    double: int
    audit: str
    seconds: int
    problems: tuple[str, ...]
    """What is wrong with the run; empty when nothing is."""

    @property
    def verdict(self) -> str:
        """`holds`, or what is wrong."""
        return "holds" if not self.problems else "FAILS: " + "; ".join(self.problems)


COLUMNS = (*(each.name for each in fields(Line) if each.name != "problems"), "verdict")


def problems_of(*, struck: int, lost: int, double: int, others: Sequence[str]) -> tuple[str, ...]:
    """A fault that never took effect proves nothing: its line fails like one that lost a call."""
    found = list(others)
    if struck < 1:
        found.insert(0, "the fault never struck")
    if lost:
        found.insert(0, f"{lost} lost")
    if double:
        found.insert(0, f"{double} double")
    return tuple(found)


def head() -> str:
    """The table's first two rows, as Markdown."""
    return f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def as_row(line: Line) -> str:
    """A row of the table."""
    values = [getattr(line, name) for name in COLUMNS]
    return f"| {' | '.join(f'{v:,}' if isinstance(v, int) else str(v) for v in values)} |"
