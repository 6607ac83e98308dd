"""What an audit finds, in words; a row that cannot be read is one of its findings."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from table_api.storage.named_rows import UNREADABLE

PROBLEMS_LISTED_MAX = 100


@dataclass(slots=True)
class Problems:
    """The first PROBLEMS_LISTED_MAX problems."""

    texts: list[str] = field(default_factory=list)

    def add(self, problem: str) -> None:
        """Note one."""
        if len(self.texts) < PROBLEMS_LISTED_MAX:
            self.texts.append(problem)

    def add_all(self, where: str, faults: Iterable[str]) -> None:
        """Note what is wrong in one place."""
        for fault in faults:
            self.add(f"{where} {fault}")

    @contextmanager
    def naming(self, where: str) -> Iterator[None]:
        """Whatever in the block cannot be read is a problem of this place, and the audit goes on.

        Only for a block that asks storage nothing.
        """
        try:
            yield
        except UNREADABLE as error:
            self.add(f"{where} cannot be read: {error!r}")
