"""Cells as lines per unit: quantities and amounts of one subject, model, line and unit. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pricing_rules.units import Unit
from table_api.invoicing.snapshots.snapshot import ChangedCell, SnapshotCell
from table_api.ledger.measures import (
    AMOUNT_COLUMNS,
    LAYERS,
    QUANTITY_COLUMNS,
    Measures,
    decode_measures,
)

UNIT_ORDER = {unit: index for index, unit in enumerate(Unit)}
LINE_FACTS = (
    "provider",
    "model_version",
    "deployment",
    "deployment_type",
    "region",
    "service_tier",
    "product",
    "subscription",
    "base_rule",
    "tier",
)
"""Facts of a cell that an invoice line shows."""
WITHOUT_AMOUNT_SINCE = 4
"""Rules of a snapshot by which a unit without an amount is no line of a cell that counts calls
without an amount. Earlier ones looked at unpriced calls alone, and at changes of their number."""
WITHOUT_AMOUNT = ("unpriced", "no_usage", "pending")
"""Counts of the calls that have no amount: what they used is no line, but is listed apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineKey:
    """What separates the lines of an invoice."""

    charge_month: str
    charge_day: str | None
    """Set on corrections only: a usage line spans its month."""
    subject: str
    model: str
    line: str
    """The 12 hex digits that end the cell's key."""
    unit: Unit

    @property
    def order(self) -> tuple[str, str, str, str, str, int]:
        """Sorts lines as documents show them."""
        return (
            self.charge_month,
            self.subject,
            self.model,
            self.line,
            self.charge_day or "",
            UNIT_ORDER[self.unit],
        )


@dataclass(slots=True, kw_only=True)
class ExactLine:
    """A line before rounding; amounts are pico-units by layer."""

    key: LineKey
    facts: Mapping[str, str]
    quantity: int = 0
    excluding: int = 0
    """Calls whose cost leaves something out, of the cells that the line is made of."""
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LAYERS, 0))

    def billed(self, layer: str) -> int:
        """Pico-units of the billed layer."""
        return self.amounts[layer]


def usage_lines(cells: Iterable[SnapshotCell], month: str, rules: int) -> list[ExactLine]:
    """Lines of the closed month: the days of a line are added up."""
    lines: dict[LineKey, ExactLine] = {}
    for cell in cells:
        _add(lines, cell, month=month, day=None, rules=rules)
    return sorted(lines.values(), key=lambda line: line.key.order)


def daily_lines(cells: Iterable[SnapshotCell], month: str, rules: int) -> list[ExactLine]:
    """The same usage by charge day; the sums over the days are `usage_lines`."""
    lines: dict[LineKey, ExactLine] = {}
    for cell in cells:
        _add(lines, cell, month=month, day=str(cell.facts["day"]), rules=rules)
    return sorted(lines.values(), key=lambda line: line.key.order)


def correction_lines(cells: Iterable[ChangedCell], month: str, rules: int) -> list[ExactLine]:
    """Lines of an earlier month: what changed, by its charge day."""
    lines: dict[LineKey, ExactLine] = {}
    for cell in cells:
        _add(lines, cell, month=month, day=str(cell.facts["day"]), rules=rules)
    return sorted(
        (line for line in lines.values() if line.quantity or any(line.amounts.values())),
        key=lambda line: line.key.order,
    )


def counted_by(cell: SnapshotCell | ChangedCell) -> tuple[Measures, Sequence[Measures]]:
    """What a cell adds to documents, and its sums as it stands, of a correction before and after.

    A change of quantities alone does not say whose they are: the sums do.
    """
    if isinstance(cell, SnapshotCell):
        return cell.sums, [cell.sums]
    return cell.delta, [decode_measures(cell.before), decode_measures(cell.after)]


def has_calls_without_amount(sums: Iterable[Measures]) -> bool:
    """Whether a cell with these sums counts calls without an amount."""
    return any(each.get(name, 0) for each in sums for name in WITHOUT_AMOUNT)


def charged_units(
    added: Measures, *, without_amount: bool
) -> Iterator[tuple[Unit, int, dict[str, int]]]:
    """Unit, quantity and amounts by layer of what a cell charges.

    The quantities of calls without an amount stand in cells without one: they are no line, but
    shown apart with an estimate.
    """
    for unit in Unit:
        amounts = {layer: added.get(AMOUNT_COLUMNS[layer, unit], 0) for layer in LAYERS}
        quantity = added.get(QUANTITY_COLUMNS[unit], 0)
        if any(amounts.values()) or (quantity and not without_amount):
            yield unit, quantity, amounts


def _add(
    lines: dict[LineKey, ExactLine],
    cell: SnapshotCell | ChangedCell,
    *,
    month: str,
    day: str | None,
    rules: int,
) -> None:
    facts = cell.facts
    added, sums = counted_by(cell)
    if rules >= WITHOUT_AMOUNT_SINCE:
        without_amount = has_calls_without_amount(sums)
    else:
        without_amount = bool(added.get("unpriced", 0))
    for unit, quantity, amounts in charged_units(added, without_amount=without_amount):
        key = LineKey(
            charge_month=month,
            charge_day=day,
            subject=str(facts["subject"]),
            model=str(facts["model"]),
            line=cell.key.rsplit("|", 1)[1],
            unit=unit,
        )
        shown = {name: str(facts[name]) for name in LINE_FACTS if name in facts}
        line = lines.setdefault(key, ExactLine(key=key, facts=shown))
        line.quantity += quantity
        line.excluding += added.get("excluding", 0)
        for layer, amount in amounts.items():
            line.amounts[layer] += amount
