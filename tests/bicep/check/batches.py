"""Seeded mistakes that do not touch each other: a check costs as much for one as for ten."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tests.bicep.check.seeded import Mistake


@dataclass
class Batch:
    """Edits of different lines, and no edit that moves the lines of another."""

    mistakes: list[Mistake] = field(default_factory=list)
    lines: dict[str, set[int]] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    """Files in which an edit changes the number of lines: it is their only one."""

    def takes(self, mistake: Mistake, texts: Mapping[str, str]) -> bool:
        """Whether it fits; then it is in."""
        touched = _touched(mistake, texts[mistake.file])
        files = {mistake.file, mistake.found_in or mistake.file}
        moves = mistake.right.count("\n") != mistake.wrong.count("\n")
        if self.mistakes and (mistake.alone or self.mistakes[0].alone):
            return False
        if files & self.moved or (moves and mistake.file in self.lines):
            return False
        if touched & self.lines.get(mistake.file, set()):
            return False
        self.mistakes.append(mistake)
        for file in files:
            self.lines.setdefault(file, set())
        self.lines[mistake.file] |= touched
        self.moved |= {mistake.file} if moves else set()
        return True


def _touched(mistake: Mistake, text: str) -> set[int]:
    """Lines of the edit, with the one before and the one after."""
    assert mistake.right in text, f"{mistake.file} has no {mistake.right!r}"
    first = text[: text.index(mistake.right)].count("\n")
    return {*range(first - 1, first + mistake.right.count("\n") + 2)}


def batches(mistakes: Iterable[Mistake], texts: Mapping[str, str]) -> list[Batch]:
    """Every mistake in one batch."""
    found: list[Batch] = []
    for mistake in mistakes:
        if not any(batch.takes(mistake, texts) for batch in found):
            batch = Batch()
            assert batch.takes(mistake, texts)
            found.append(batch)
    return found
