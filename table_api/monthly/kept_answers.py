"""Answers of months that are over, each with the revision of the rows that it was made from.

A revision is a digest of the time stamps of all rows of the month, in their order. A row gets
another time stamp with every change (its ETag is made of it), and no row of `monthly` is ever
removed. So equal revisions mean that no row has changed. To read the time stamps takes a fraction
of reading the rows and adding them up.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

LINES_KEPT_MAX = 50_000
"""Lines of all kept answers together: about 30 MB."""


class Lines(Protocol):
    """An answer of so many lines. Nobody may change it."""

    def __len__(self) -> int: ...


A = TypeVar("A", bound=Lines)


class Revision:
    """The revision of the rows of a month, while they are read."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def take(self, stamps: Iterable[str]) -> None:
        """The time stamps of the rows of a page."""
        self._hash.update("|".join([*stamps, ""]).encode())

    def digest(self) -> str:
        """Of the rows until now."""
        return self._hash.hexdigest()


@dataclass(frozen=True, slots=True)
class _Kept:
    revision: str
    answer: Any


class KeptAnswers:
    """The answers that were used last. One for each app."""

    def __init__(self, *, lines_max: int = LINES_KEPT_MAX) -> None:
        self._lines_max = lines_max
        self._lines = 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()

    async def answer(
        self,
        question: Hashable,
        *,
        revision: Callable[[], Awaitable[str]],
        read: Callable[[Revision], Awaitable[A]],
    ) -> A:
        """The kept answer if its revision is still that of the rows; else one that is read now."""
        kept = self._kept.get(question)
        if kept is not None and kept.revision == await revision():
            if question in self._kept:  # nobody else dropped it meanwhile
                self._kept.move_to_end(question)
            found: A = kept.answer
            return found
        rows = Revision()
        answer = await read(rows)
        self._keep(question, _Kept(rows.digest(), answer))
        return answer

    def _keep(self, question: Hashable, kept: _Kept) -> None:
        before = self._kept.pop(question, None)
        if before is not None:
            self._lines -= len(before.answer)
        if len(kept.answer) > self._lines_max:
            return
        self._lines += len(kept.answer)
        self._kept[question] = kept
        while self._lines > self._lines_max:
            _, dropped = self._kept.popitem(last=False)
            self._lines -= len(dropped.answer)
