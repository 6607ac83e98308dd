"""Cells as lines per unit: quantities and amounts of one subject, model, line and unit. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pricing_rules.units import Unit
from table_api.invoicing.snapshots.snapshot import ChangedCell, SnapshotCell
from table_api.ledger.measures import AMOUNT_COLUMNS, LAYERS, QUANTITY_COLUMNS, Measures

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


def usage_lines(cells: Iterable[SnapshotCell], month: str) -> list[ExactLine]:
    """Lines of the closed month: the days of a line are added up."""
    lines: dict[LineKey, ExactLine] = {}
    for cell in cells:
        _add(lines, cell.key, cell.facts, cell.sums, month=month, day=None)
    return sorted(lines.values(), key=lambda line: line.key.order)


def daily_lines(cells: Iterable[SnapshotCell], month: str) -> list[ExactLine]:
    """The same usage by charge day; the sums over the days are `usage_lines`."""
    lines: dict[LineKey, ExactLine] = {}
    for cell in cells:
        _add(lines, cell.key, cell.facts, cell.sums, month=month, day=str(cell.facts["day"]))
    return sorted(lines.values(), key=lambda line: line.key.order)


def correction_lines(cells: Iterable[ChangedCell], month: str) -> list[ExactLine]:
    """Lines of an earlier month: what changed, by its charge day."""
    lines: dict[LineKey, ExactLine] = {}
    for cell in cells:
        _add(lines, cell.key, cell.facts, cell.delta, month=month, day=str(cell.facts["day"]))
    return sorted(
        (line for line in lines.values() if line.quantity or any(line.amounts.values())),
        key=lambda line: line.key.order,
    )


def charged_units(sums: Measures) -> Iterator[tuple[Unit, int, dict[str, int]]]:
    """Unit, quantity and amounts by layer of what a cell charges.

    The quantities of unpriced calls stand in cells without an amount: they are no line, but
    shown apart with an estimate.
    """
    for unit in Unit:
        amounts = {layer: sums.get(AMOUNT_COLUMNS[layer, unit], 0) for layer in LAYERS}
        quantity = sums.get(QUANTITY_COLUMNS[unit], 0)
        if any(amounts.values()) or (quantity and not sums.get("unpriced", 0)):
            yield unit, quantity, amounts


def _add(
    lines: dict[LineKey, ExactLine],
    cell_key: str,
    facts: Mapping[str, int | str],
    sums: Measures,
    *,
    month: str,
    day: str | None,
) -> None:
    for unit, quantity, amounts in charged_units(sums):
        key = LineKey(
            charge_month=month,
            charge_day=day,
            subject=str(facts["subject"]),
            model=str(facts["model"]),
            line=cell_key.rsplit("|", 1)[1],
            unit=unit,
        )
        shown = {name: str(facts[name]) for name in LINE_FACTS if name in facts}
        line = lines.setdefault(key, ExactLine(key=key, facts=shown))
        line.quantity += quantity
        line.excluding += sums.get("excluding", 0)
        for layer, amount in amounts.items():
            line.amounts[layer] += amount
