"""What a run changes, line by line and by group."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from decimal import Decimal

from ui.api.rerating_answers import DiffLine
from ui.figures.group_names import named
from ui.format import exact_number
from ui.parts.tables import Column

NO_PRICE = "no price"
LINES_SHOWN_MAX = 1000
Group = Callable[[DiffLine], str]
"""Which group a line belongs to."""


def amount_known(value: Decimal | None, unpriced: int | None = 0) -> str:
    """An amount, and how many calls it leaves out; never 0 where nobody knows a price."""
    if value is None:
        return NO_PRICE
    left_out = f" ({unpriced:,} without a price)" if unpriced else ""
    return exact_number(value) + left_out


def known_column(amounts: Sequence[tuple[Decimal | None, int | None]]) -> Column:
    """Amounts that are whole are numbers, also in files; the others are words that say what they
    leave out. All are sorted by what is known.
    """
    cells = [
        amount_known(value, unpriced) if value is None or unpriced else value
        for value, unpriced in amounts
    ]
    return Column(
        cells=cells,
        format=lambda cell: exact_number(cell) if isinstance(cell, Decimal) else str(cell),
        sorted_by=[value for value, _ in amounts],
    )


def model_text(line: DiffLine) -> str:
    """The model, or the old and the new one."""
    if line.model_after in (None, line.model):
        return line.model
    return f"{line.model} → {line.model_after}"


def cost_centre_text(line: DiffLine) -> str:
    """Who pays; nobody has a name that no cost centre has."""
    return named(line.cost_centre, "cost_centre")


def person_texts(lines: Sequence[DiffLine]) -> dict[str, str]:
    """The name of each subject; the subject too, where two of them have one name."""
    names = {line.subject: line.name or line.subject for line in lines}
    shared = Counter(names.values())
    return {
        subject: f"{name} ({subject})" if shared[name] > 1 else name
        for subject, name in names.items()
    }


def groups_of(lines: Sequence[DiffLine]) -> dict[str, Group]:
    """What the chart can show a bar for, by its word in the address."""
    people = person_texts(lines)
    return {
        "Model": model_text,
        "Cost centre": cost_centre_text,
        "Person": lambda line: people[line.subject],
    }


def differences(lines: Sequence[DiffLine], by: Group) -> list[tuple[str, Decimal]]:
    """The difference of each group."""
    found: dict[str, Decimal] = defaultdict(Decimal)
    for line in lines:
        found[by(line)] += line.delta
    return list(found.items())
