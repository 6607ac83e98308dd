"""The projection `monthly` as text: a day's measures and the revisions they stand on. Pure.

A row is a subject's month with one model. Day 7 has two columns: `d07`, its measures as integers
separated by commas in MEASURE_ORDER without the zeros at the end; and `r07`, the revision of each
of its cells, `line:rev`. The revisions are a vector clock: every (cell, revision) is one state for
ever, so equal revisions mean equal measures, and of two states whose revisions are all at least
the other's, the greater one is the newer. Where neither is, the cells are read again: that state
is at least both. A sum of revisions would not do: a writer's cells need not be of one moment, and
(5, 3) and (4, 4) are different states of one sum.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, repeat, zip_longest
from typing import Any, Generic, TypeVar

import msgspec

from table_api.ledger.cells import Cell
from table_api.ledger.measures import MEASURE_ORDER, MeasureList, add_up

MONTHLY_TABLE = "monthly"
TEXTS_LOOKED_AT = 8
"""Of many texts, before they are decoded as if all had as many numbers."""

K = TypeVar("K")

Revs = Mapping[str, int]
"""Revision by line."""

_decode_all = msgspec.json.Decoder(list[MeasureList]).decode
_decode_one = msgspec.json.Decoder(MeasureList).decode
_decode_flat: Callable[[str], list[Any]] = msgspec.json.Decoder(list[int | None]).decode


# Made for each row that a consumer writes: frozen Structs are built far faster than dataclasses.
class ProjectedDay(msgspec.Struct, frozen=True, gc=False):
    """One day of a row."""

    measures: Sequence[int] = ()
    revs: Revs = {}

    def holds(self, revs: Revs) -> bool:
        """Whether it stands on these revisions or later ones."""
        return all(self.revs.get(line, 0) >= rev for line, rev in revs.items())


NO_DAY = ProjectedDay()


class MonthTotal(msgspec.Struct, kw_only=True, gc=False):
    """A row of a whole month; what is not asked for is empty."""

    total: str
    subject: str = ""
    model: str = ""
    Timestamp: str = ""


class SubjectTotal(MonthTotal, kw_only=True, gc=False):
    """The same, with the days that have calls."""

    active: int


def project_day(cells: Mapping[str, Cell]) -> ProjectedDay:
    """The cells of one subject, model and day, by line."""
    revs = {line: cell.rev for line, cell in cells.items()}
    parts = [cell.measures for cell in cells.values()]
    if len(parts) == 1:  # of most days
        [part] = parts
        return ProjectedDay(_trimmed(list(map(part.get, MEASURE_ORDER, repeat(0)))), revs)
    totals = [sum([part.get(name, 0) for part in parts]) for name in MEASURE_ORDER]
    return ProjectedDay(_trimmed(totals), revs)


def after_change(total: Sequence[int], old: Sequence[int], new: Sequence[int]) -> MeasureList:
    """The sum over the days when one of them goes from `old` to `new`."""
    if not total and not old:  # of a new row
        return _trimmed(list(new))
    return _trimmed(
        [whole - was + is_ for whole, was, is_ in zip_longest(total, old, new, fillvalue=0)]
    )


def encode_measure_list(measures: Sequence[int]) -> str:
    """`3,1200,1200,1200`; nothing at all is the empty text."""
    return ",".join(map(str, measures))


def decode_measure_lists(texts: Iterable[str]) -> list[MeasureList]:
    """Each of the texts as numbers; all in one go, as there are many."""
    joined = "],[".join(texts)
    return _decode_all(f"[[{joined}]]") if joined else []


def decode_columns(texts: Sequence[str]) -> list[list[int]]:
    """Each measure of all the texts, as numbers; no text may be empty."""
    return _equal_columns(texts) or [
        list(column) for column in zip_longest(*decode_measure_lists(texts), fillvalue=0)
    ]


def sum_texts(texts: Sequence[str]) -> MeasureList:
    """The exact sum of many texts that are not empty."""
    if len(texts) == 1:
        return _decode_one(f"[{texts[0]}]")
    columns = _equal_columns(texts)
    if columns is None:
        of_length: dict[int, list[str]] = {}
        for text in texts:
            of_length.setdefault(text.count(","), []).append(text)
        return add_up([sum_texts(alike) for alike in of_length.values()])
    return [sum(column) for column in columns]


def _equal_columns(texts: Sequence[str]) -> list[list[int]] | None:
    """The columns of texts of one length, None when they are of several.

    As one list of numbers, since a list for each text takes far longer: the columns lie in it at
    equal steps, and the nulls between the texts prove that. A look at a few texts first spares
    decoding most of those that are not alike.
    """
    if not texts:
        return []
    commas = texts[0].count(",")
    if any([text.count(",") != commas for text in texts[1 :: len(texts) // TEXTS_LOOKED_AT + 1]]):
        return None
    length, step = commas + 1, commas + 2
    numbers = _decode_flat(f"[{',null,'.join(texts)}]")
    if len(numbers) != len(texts) * step - 1:
        return None
    if numbers[length::step].count(None) != len(texts) - 1:
        return None
    return [numbers[position::step] for position in range(length)]


class TextSums(Generic[K]):
    """Texts by a key, and the sums of those that came before."""

    __slots__ = ("_sums", "texts")

    def __init__(self) -> None:
        self.texts: defaultdict[K, list[Any]] = defaultdict(list)
        """Not added up yet; none is empty."""
        self._sums: dict[K, MeasureList] = {}

    def add_up(self) -> None:
        """Turn the texts into sums."""
        for key, texts in self.texts.items():
            more = sum_texts(texts)
            sums = self._sums.get(key)
            self._sums[key] = more if sums is None else add_up([sums, more])
        self.texts.clear()

    def by_key(self) -> Mapping[K, MeasureList]:
        """The sum of each key."""
        self.add_up()
        return self._sums

    def known(self) -> set[K]:
        """Those that have a text or a sum."""
        return self._sums.keys() | self.texts.keys()

    def total(self) -> MeasureList:
        """The sum of all keys."""
        texts = list(chain.from_iterable(self.texts.values()))
        return add_up([*self._sums.values(), sum_texts(texts)])


def append_columns(
    columns: list[list[int]], added: Sequence[Sequence[int]], *, rows: int, more: int
) -> None:
    """Append `more` rows to columns of `rows` rows. What has fewer columns has zeros there."""
    while len(columns) < len(added):
        columns.append([0] * rows)
    for number, column in enumerate(columns):
        column.extend(added[number] if number < len(added) else [0] * more)


def encode_revs(revs: Revs) -> str:
    """`0123456789ab:7,…` by line."""
    return ",".join([f"{line}:{rev}" for line, rev in sorted(revs.items())])


def decode_revs(text: str) -> dict[str, int]:
    """Revision by line."""
    pairs = (part.split(":") for part in text.split(",") if part)
    return {line: int(rev) for line, rev in pairs}


@lru_cache(maxsize=32)
def day_columns(day: int) -> tuple[str, str]:
    """Columns of a day's measures and revisions."""
    return f"d{day:02d}", f"r{day:02d}"


def monthly_key(cell: str) -> tuple[str, int, str]:
    """RowKey, day and line of the cell with this RowKey of the ledger."""
    _, subject, day, model, line = cell.split("|")
    return f"{subject}|{model}", int(day), line


def _trimmed(measures: list[int]) -> MeasureList:
    while measures and not measures[-1]:
        measures.pop()
    return measures
