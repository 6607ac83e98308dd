"""Calls without an amount, an owner or a complete cost, and what they may have cost. Pure.

An estimate stands beside the invoice and in none of its totals.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pricing_rules.money import divide_half_even, format_pico
from pricing_rules.types import UNATTRIBUTED
from pricing_rules.units import Unit
from table_api.invoicing.documents.document import Concern, Uncharged
from table_api.invoicing.documents.groups import Group
from table_api.invoicing.documents.unit_lines import WITHOUT_AMOUNT_SINCE, counted_by
from table_api.invoicing.snapshots.snapshot import ChangedCell, Snapshot, SnapshotCell
from table_api.ledger.measures import AMOUNT_COLUMNS, QUANTITY_COLUMNS, Measures

PER_TOKEN = "mean charge per unit over all priced calls of the month"
PER_CALL = "mean charge per priced call of the model in the month"
PER_ANY_CALL = "mean charge per priced call of all models in the month"
NOTHING_PRICED = "nothing comparable was priced in the month"
FAILED = "the calls failed and nobody reported usage: nothing is charged"
FAILED_IN_LOG = "the calls failed without a completion: the tokens of the log are not charged"
IN_LINES = "charged in the lines above: nobody was named as the caller"
INCOMPLETE = "charged in the lines above, without what nobody reported: see `excludes` of each call"
UNITS_LEFT_OUT = "without {units}: none was priced in the month"
TOKENS_OF_OTHERS = "the quantities may include those of calls that cost nothing"
"""Cells in which free and failed calls stand next to unpriced ones do not say whose tokens those
are."""
NO_CALL_MORE = "the quantities changed, and not how many calls there are"
BASES = {"failed": FAILED, "unattributed": IN_LINES, "excludes": INCOMPLETE}

FAILED_APART_SINCE = 3
"""Rules of a snapshot by which failed calls are listed apart, without an estimate."""
_CONCERNS: tuple[Concern, ...] = ("unpriced", "no_usage", "failed", "pending", "excludes")
_OWNERS: tuple[Concern, ...] = ("unpriced", "failed", "no_usage", "pending")
"""With which of its calls a cell's quantities without an amount are listed: with the first kind."""
_WITH_USAGE = frozenset({"unpriced", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concerned:
    concern: Concern
    charge_month: str
    subject: str
    model: str
    deployment: str
    mixed: bool = False
    """Whether the quantities may be of other calls too."""


class Estimator:
    """Means over the priced cells of a snapshot, in the billed layer."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._names_units = snapshot.rules >= WITHOUT_AMOUNT_SINCE
        self._amounts: Counter[Unit] = Counter()
        self._quantities: Counter[Unit] = Counter()
        self._of_models: dict[str, Counter[str]] = {}
        self._of_all: Counter[str] = Counter()
        for cell in snapshot.cells:
            self._learn(str(cell.facts["model"]), cell.sums, snapshot.layer)

    def _learn(self, model: str, sums: Measures, layer: str) -> None:
        if not sums.get(layer, 0):
            return
        for unit in Unit:
            amount = sums.get(AMOUNT_COLUMNS[layer, unit], 0)
            if amount:
                self._amounts[unit] += amount
                self._quantities[unit] += sums.get(QUANTITY_COLUMNS[unit], 0)
        without = sums.get("unpriced", 0) + sums.get("no_usage", 0) + sums.get("pending", 0)
        calls = sums["calls"] - without
        for seen in (self._of_models.setdefault(model, Counter()), self._of_all):
            seen.update(calls=calls, amount=sums[layer])

    def of_quantities(self, quantities: Mapping[Unit, int]) -> tuple[int | None, str]:
        """Pico-units of unpriced usage, and the basis; None when no unit was ever priced.

        A unit that was never priced is left out; the basis names it, but for snapshots of earlier
        rules.
        """
        known = [unit for unit in quantities if self._quantities[unit] > 0]
        if not known:
            return None, NOTHING_PRICED
        amounts = (
            divide_half_even(quantities[unit] * self._amounts[unit], self._quantities[unit])
            for unit in known
        )
        left_out = ", ".join(unit for unit in quantities if unit not in known)
        if left_out and self._names_units:
            return sum(amounts), f"{PER_TOKEN}; {UNITS_LEFT_OUT.format(units=left_out)}"
        return sum(amounts), PER_TOKEN

    def of_calls(self, model: str, calls: int) -> tuple[int | None, str]:
        """Pico-units of calls without usage, and the basis."""
        for seen, basis in (
            (self._of_models.get(model, Counter()), PER_CALL),
            (self._of_all, PER_ANY_CALL),
        ):
            if seen["calls"] > 0:
                return divide_half_even(calls * seen["amount"], seen["calls"]), basis
        return None, NOTHING_PRICED


def uncharged_of(group: Group, snapshot: Snapshot, estimator: Estimator) -> list[Uncharged]:
    """The section of one cost centre, by month, concern, subject and model."""
    counts: dict[_Concerned, Counter[str]] = {}
    for charge_month, cell in _changes(group, snapshot.month):
        facts = cell.facts
        for concern, found, mixed in _concerns(cell, snapshot.rules):
            place = _Concerned(
                concern=concern,
                charge_month=charge_month,
                subject=str(facts["subject"]),
                model=str(facts["model"]),
                deployment=str(facts.get("deployment", "")),
                mixed=mixed,
            )
            counts.setdefault(place, Counter()).update(found)
    return [
        _shown(place, counts[place], estimator)
        for place in sorted(counts, key=_order)
        if any(counts[place].values())
    ]


def _changes(group: Group, month: str) -> Iterable[tuple[str, SnapshotCell | ChangedCell]]:
    for cell in group.cells:
        yield month, cell
    for correction in group.corrections:
        for changed in correction.cells:
            yield correction.month, changed


def _concerns(
    cell: SnapshotCell | ChangedCell, rules: int
) -> Iterable[tuple[Concern, Counter[str], bool]]:
    """What a cell has to list, how much, and whether the quantities may be of other calls too."""
    added, sums = counted_by(cell)
    counts = _counts(added, failed_apart=rules >= FAILED_APART_SINCE)
    owner: Concern | None = "unpriced" if added.get("unpriced", 0) else None
    mixed = False
    if rules >= WITHOUT_AMOUNT_SINCE:
        stands = [_counts(each, failed_apart=True) for each in sums]
        owner = next((name for name in _OWNERS if any(each[name] for each in stands)), None)
        mixed = any(_has_other_usage(each, owner) for each in sums)
    for concern in _CONCERNS:
        used = _quantities_without_amount(added) if concern == owner else {}
        if counts[concern] or used:
            yield concern, Counter({"calls": counts[concern], **used}), mixed and bool(used)
    if cell.facts["subject"] == UNATTRIBUTED and added.get("calls", 0):
        yield "unattributed", Counter(calls=added["calls"]), False


def _counts(sums: Measures, *, failed_apart: bool) -> dict[Concern, int]:
    """Calls by what is wrong with them."""
    failed = sums.get("failed", 0) if failed_apart else 0
    return {
        "unpriced": sums.get("unpriced", 0),
        "no_usage": sums.get("no_usage", 0) - failed,
        "failed": failed,
        "pending": sums.get("pending", 0),
        "excludes": sums.get("excluding", 0),
    }


def _has_other_usage(sums: Measures, owner: Concern | None) -> bool:
    """Whether calls of another kind may have used a part of a cell's quantities.

    Nobody reported usage of calls that wait, or that were served without usage. The gateway's log
    may have tokens of a failed call, and the gateway's cache repeats those of its answers.
    """
    counts = _counts(sums, failed_apart=True)
    silent = counts["no_usage"] + counts["pending"]
    return sums.get("calls", 0) - silent > (counts[owner] if owner in _WITH_USAGE else 0)


def _quantities_without_amount(sums: Measures) -> dict[str, int]:
    priced = {unit for unit in Unit if sums.get(AMOUNT_COLUMNS["list", unit], 0)}
    return {
        unit.value: sums[QUANTITY_COLUMNS[unit]]
        for unit in Unit
        if unit not in priced and sums.get(QUANTITY_COLUMNS[unit], 0)
    }


def _shown(place: _Concerned, counts: Counter[str], estimator: Estimator) -> Uncharged:
    quantities = {unit: counts[unit.value] for unit in Unit if counts[unit.value]}
    estimate, basis = _estimate(place, counts["calls"], quantities, estimator)
    if place.mixed:
        basis = f"{basis}; {TOKENS_OF_OTHERS}"
    return Uncharged(
        concern=place.concern,
        charge_month=place.charge_month,
        subject=place.subject,
        model=place.model,
        deployment=place.deployment or None,
        calls=counts["calls"],
        quantities={unit.value: quantity for unit, quantity in quantities.items()},
        estimate=None if estimate is None else format_pico(estimate),
        basis=basis,
    )


def _estimate(
    place: _Concerned, calls: int, quantities: Mapping[Unit, int], estimator: Estimator
) -> tuple[int | None, str]:
    """Pico-units and the basis. Quantities that may be of other calls say nothing."""
    if place.concern == "unpriced" and not place.mixed:
        return estimator.of_quantities(quantities)
    if place.concern in {"unpriced", "no_usage", "pending"}:
        return estimator.of_calls(place.model, calls) if calls else (None, NO_CALL_MORE)
    if place.concern == "failed" and quantities:
        return None, FAILED_IN_LOG
    return None, BASES[place.concern]


def _order(place: _Concerned) -> tuple[str, str, str, str, str, bool]:
    return (
        place.charge_month,
        place.concern,
        place.subject,
        place.model,
        place.deployment,
        place.mixed,
    )
