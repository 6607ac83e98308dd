"""One mistake, by file and line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """It prints as `bicep/main.bicep:12: what is wrong`."""

    file: str
    """Relative to the checkout."""
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"
