"""What an earlier month's cells are now beside what was snapshotted last. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from table_api.invoicing.snapshots.snapshot import (
    Balance,
    ChangedCell,
    EarlierMonth,
    Outside,
    Regrouped,
    stored,
    stored_facts,
)
from table_api.ledger.cells import Cell
from table_api.ledger.measures import Measures, added, negated

CostCentreOn = Callable[[str, date], str | None]
"""Today's word on a subject's cost centre on a charge day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Billed:
    """A cell as the last snapshot that names it has it."""

    rev: int
    cost_centre: str | None
    subject: str
    day: date
    sums: Measures


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A month as billed, as it is, and who pays for what is new."""

    month: str
    billed: Mapping[str, Billed]
    """By the cell's RowKey; empty for a month before the first close."""
    cells: Mapping[str, Cell]
    invoices: Mapping[str | None, str]
    """Numbers of the month's own invoices by cost centre."""
    cost_centre_on: CostCentreOn
    layer: str


def place_of(cell: Cell) -> tuple[str, date]:
    """Subject and charge day of a cell."""
    return str(cell.facts["subject"]), date.fromisoformat(str(cell.facts["day"]))


def changed_month(comparison: Comparison) -> EarlierMonth | None:
    """The corrections of a month, None when nothing changed."""
    days = billed_days(comparison.billed.values())
    cells = []
    for key, cell in _changed(comparison):
        subject, day = place_of(cell)
        before = comparison.billed.get(key)
        if (subject, day) in days:
            cost_centre = days[subject, day]
        else:
            cost_centre = comparison.cost_centre_on(subject, day)
        cells.append(
            ChangedCell(
                key=key,
                rev=cell.rev,
                before_rev=before.rev if before else 0,
                cost_centre=cost_centre,
                facts=stored_facts(cell.facts),
                before=stored(before.sums) if before else {},
                after=stored(cell.measures),
            )
        )
    if not cells:
        return None
    touched = {cell.cost_centre for cell in cells}
    return EarlierMonth(
        month=comparison.month,
        balances=_balances(comparison, touched),
        cells=tuple(cells),
    )


def outside(comparison: Comparison) -> Outside | None:
    """What changed in a month that is no longer corrected, None when nothing did."""
    amount, count = 0, 0
    for key, cell in _changed(comparison):
        before = comparison.billed.get(key)
        now, then = cell.measures, before.sums if before else {}
        amount += now.get(comparison.layer, 0) - then.get(comparison.layer, 0)
        count += 1
    return Outside(month=comparison.month, cells=count, amount=str(amount)) if count else None


def regrouped(comparison: Comparison) -> list[Regrouped]:
    """Subjects whose billed days have another cost centre today; one line per run of days."""
    lines: list[Regrouped] = []
    for (subject, day), billed in sorted(
        billed_days(comparison.billed.values()).items(), key=lambda item: item[0]
    ):
        today = comparison.cost_centre_on(subject, day)
        if today == billed:
            continue
        last = lines[-1] if lines else None
        if last and (last.subject, last.billed, last.today) == (subject, billed, today):
            lines[-1] = _until(last, day)
        else:
            name = day.isoformat()
            lines.append(
                Regrouped(
                    subject=subject, first_day=name, last_day=name, billed=billed, today=today
                )
            )
    return lines


def billed_days(cells: Iterable[Billed]) -> dict[tuple[str, date], str | None]:
    """Subject and day → the cost centre that was billed."""
    return {(cell.subject, cell.day): cell.cost_centre for cell in cells}


def _until(line: Regrouped, day: date) -> Regrouped:
    return Regrouped(
        subject=line.subject,
        first_day=line.first_day,
        last_day=day.isoformat(),
        billed=line.billed,
        today=line.today,
    )


def _changed(comparison: Comparison) -> list[tuple[str, Cell]]:
    """Cells whose sums differ from the bill, in key order."""
    found = []
    for key in sorted(comparison.cells):
        cell, before = comparison.cells[key], comparison.billed.get(key)
        change = added(cell.measures, negated(before.sums)) if before else cell.measures
        if any(change.values()):
            found.append((key, cell))
    return found


def _balances(comparison: Comparison, touched: set[str | None]) -> tuple[Balance, ...]:
    exact: dict[str | None, int] = dict.fromkeys(touched, 0)
    for cell in comparison.billed.values():
        if cell.cost_centre in exact:
            exact[cell.cost_centre] += cell.sums.get(comparison.layer, 0)
    return tuple(
        Balance(cost_centre=name, exact=str(exact[name]), invoice=comparison.invoices.get(name))
        for name in sorted(exact, key=lambda name: (name is None, name or ""))
    )
