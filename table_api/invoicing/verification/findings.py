"""What a verification looked at and what does not add up."""

from dataclasses import dataclass, field

from table_api.invoicing.snapshots.billing_month import BillingMonth

PROBLEMS_LISTED_MAX = 100


@dataclass(slots=True)
class Findings:
    """Of one month."""

    month: BillingMonth
    files: int = 0
    lines: int = 0
    cells: int = 0
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether everything adds up."""
        return not self.problems

    def add(self, problem: str) -> None:
        """Note a problem; the first PROBLEMS_LISTED_MAX are kept."""
        if len(self.problems) < PROBLEMS_LISTED_MAX:
            self.problems.append(problem)

    def render(self) -> str:
        """For people."""
        verdict = "ok" if self.ok else f"{len(self.problems)} PROBLEMS"
        head = f"{self.month} {verdict}: {self.files} files, {self.lines} lines, {self.cells} cells"
        return "\n".join([head, *(f"  {problem}" for problem in self.problems)])
