"""What changed most between two periods, by absolute amount, and why where the figures say so."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.usage_answers import UsageRow
from ui.figures.units import tokens

NOTHING = Decimal(0)
MAIN_PERCENT_MIN = 70
"""From this share of the change on, tokens or cost per token alone are named as the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mover:
    """One group in two periods; an absent period cost nothing."""

    name: str
    now: Decimal
    then: Decimal
    reason: str

    @property
    def change(self) -> Decimal:
        return self.now - self.then


def movers(
    now: Sequence[tuple[str, UsageRow]], then: Sequence[tuple[str, UsageRow]]
) -> list[Mover]:
    """Every group that is in either period, the largest change first."""
    newer, older = dict(now), dict(then)
    found = [
        Mover(
            name=name,
            now=_charge(newer.get(name)),
            then=_charge(older.get(name)),
            reason=reason(newer.get(name), older.get(name)),
        )
        for name in {**newer, **older}
    ]
    moved = [each for each in found if each.change]
    return sorted(moved, key=lambda each: (-abs(each.change), each.name))


def reason(now: UsageRow | None, then: UsageRow | None) -> str:
    """Why the charge changed: as many tokens at another cost each, or another number of tokens.

    The change is split exactly: other tokens at the old cost per token, and the new tokens at the
    difference of cost per token. Cost per token has in it prices, models and cached shares.
    """
    if then is None or not then.calls:
        return "new"
    if now is None or not now.calls:
        return "no calls any more"
    if now.unpriced_calls != then.unpriced_calls:
        return "calls without a price differ"
    used_now, used_then = tokens(now.units), tokens(then.units)
    if not used_now or not used_then:
        return "—"
    each_then = _charge(then) / used_then
    by_tokens = (used_now - used_then) * each_then
    change = _charge(now) - _charge(then)
    by_cost = change - by_tokens
    more = "more" if used_now > used_then else "fewer"
    dearer = "a higher" if by_cost > 0 else "a lower"
    whole = abs(by_tokens) + abs(by_cost)
    if abs(by_tokens) * 100 >= MAIN_PERCENT_MIN * whole:
        return f"{more} tokens"
    if abs(by_cost) * 100 >= MAIN_PERCENT_MIN * whole:
        return f"{dearer} cost per token"
    return f"{more} tokens, {dearer} cost per token"


def _charge(row: UsageRow | None) -> Decimal:
    return row.charge or NOTHING if row else NOTHING
