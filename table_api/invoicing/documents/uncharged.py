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
from table_api.invoicing.snapshots.snapshot import Snapshot
from table_api.ledger.measures import AMOUNT_COLUMNS, QUANTITY_COLUMNS, Measures

PER_TOKEN = "mean charge per unit over all priced calls of the month"
PER_CALL = "mean charge per priced call of the model in the month"
PER_ANY_CALL = "mean charge per priced call of all models in the month"
NOTHING_PRICED = "nothing comparable was priced in the month"
FAILED = "the calls failed and nobody reported usage: nothing is charged"
IN_LINES = "charged in the lines above: nobody was named as the caller"
INCOMPLETE = "charged in the lines above, without what nobody reported: see `excludes` of each call"
BASES = {"failed": FAILED, "unattributed": IN_LINES, "excludes": INCOMPLETE}

FAILED_APART_SINCE = 3
"""Rules of a snapshot by which failed calls are listed apart, without an estimate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Concerned:
    concern: Concern
    charge_month: str
    subject: str
    model: str
    deployment: str


class Estimator:
    """Means over the priced cells of a snapshot, in the billed layer."""

    def __init__(self, snapshot: Snapshot) -> None:
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
        """Pico-units of unpriced usage, and the basis; None when no unit was ever priced."""
        known = [unit for unit in quantities if self._quantities[unit] > 0]
        if not known:
            return None, NOTHING_PRICED
        amounts = (
            divide_half_even(quantities[unit] * self._amounts[unit], self._quantities[unit])
            for unit in known
        )
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
    apart = snapshot.rules >= FAILED_APART_SINCE
    for charge_month, facts, sums in _changes(group, snapshot.month):
        for concern, found in _concerns(str(facts["subject"]), sums, failed_apart=apart):
            place = _Concerned(
                concern=concern,
                charge_month=charge_month,
                subject=str(facts["subject"]),
                model=str(facts["model"]),
                deployment=str(facts.get("deployment", "")),
            )
            counts.setdefault(place, Counter()).update(found)
    return [
        _shown(place, counts[place], estimator)
        for place in sorted(counts, key=_order)
        if any(counts[place].values())
    ]


def _changes(group: Group, month: str) -> Iterable[tuple[str, Mapping[str, int | str], Measures]]:
    for cell in group.cells:
        yield month, cell.facts, cell.sums
    for correction in group.corrections:
        for changed in correction.cells:
            yield correction.month, changed.facts, changed.delta


def _concerns(
    subject: str, sums: Measures, *, failed_apart: bool
) -> Iterable[tuple[Concern, Counter[str]]]:
    failed = sums.get("failed", 0) if failed_apart else 0
    if sums.get("unpriced", 0):
        priced = {u for u in Unit if sums.get(AMOUNT_COLUMNS["list", u], 0)}
        quantities = {
            unit.value: sums.get(QUANTITY_COLUMNS[unit], 0) for unit in Unit if unit not in priced
        }
        yield "unpriced", Counter(calls=sums["unpriced"], **quantities)
    if served := sums.get("no_usage", 0) - failed:
        yield "no_usage", Counter(calls=served)
    if failed:
        yield "failed", Counter(calls=failed)
    if sums.get("pending", 0):
        yield "pending", Counter(calls=sums["pending"])
    if sums.get("excluding", 0):
        yield "excludes", Counter(calls=sums["excluding"])
    if subject == UNATTRIBUTED and sums.get("calls", 0):
        yield "unattributed", Counter(calls=sums["calls"])


def _shown(place: _Concerned, counts: Counter[str], estimator: Estimator) -> Uncharged:
    quantities = {unit: counts[unit.value] for unit in Unit if counts[unit.value]}
    if place.concern == "unpriced":
        estimate, basis = estimator.of_quantities(quantities)
    elif place.concern in {"no_usage", "pending"}:
        estimate, basis = estimator.of_calls(place.model, counts["calls"])
    else:
        estimate, basis = None, BASES[place.concern]
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


def _order(place: _Concerned) -> tuple[str, str, str, str, str]:
    return place.charge_month, place.concern, place.subject, place.model, place.deployment
