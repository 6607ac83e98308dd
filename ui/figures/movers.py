"""What changed most between two periods, by absolute amount, and why where the figures say so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.usage_answers import UsageRow
from ui.figures.reasons import reason

NOTHING = Decimal(0)
Named = Sequence[tuple[str, UsageRow]]
"""Rows with the names of their groups."""
ByModel = Mapping[str, Sequence[UsageRow]]
"""The rows of a group's models, by the group's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One group in two periods; an absent period cost nothing."""

    name: str
    now: Decimal
    then: Decimal
    reason: str
    """Empty where the figures do not say why."""

    @property
    def change(self) -> Decimal:
        return self.now - self.then


def movers(
    now: Named, then: Named, *, models: tuple[ByModel, ByModel] | None = None
) -> list[Mover]:
    """Every group that is in either period, the largest change first.

    `models` are the rows of each group's models, now and then: they say more about the reason.
    """
    newer, older = dict(now), dict(then)
    found = [
        Mover(
            name=name,
            now=_charge(newer.get(name)),
            then=_charge(older.get(name)),
            reason=reason(
                newer.get(name),
                older.get(name),
                models=(models[0].get(name, ()), models[1].get(name, ())) if models else None,
            ),
        )
        for name in {**newer, **older}
    ]
    moved = [each for each in found if each.change]
    return sorted(moved, key=lambda each: (-abs(each.change), each.name))


def _charge(row: UsageRow | None) -> Decimal:
    return row.charge or NOTHING if row else NOTHING
