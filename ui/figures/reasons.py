"""Why a charge changed: the number of tokens, the mix of models, or the cost of a model's tokens.

Calls without a price are in neither charge, so their tokens do not count. Where a charge lacks a
part of a model's calls, nobody knows which tokens it is for, and no reason is given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.usage_answers import UsageRow
from ui.figures.units import CACHED_UNITS, NOT_TOKENS, PROMPT_UNITS, count_of, tokens
from ui.format import share

NOTHING = Decimal(0)
MAIN_PERCENT_MIN = 70
"""Reasons are named, the largest first, until they make up this share of the change."""
SAME_SHAPE_PERMILLE_MAX = 5
PRICE_PERCENT_MIN = 10
"""Cost per token that changes by so much while no kind of token changes its share by more than
`SAME_SHAPE_PERMILLE_MAX` is another price."""
CACHED_PERCENT_MIN = 5
"""From this change of the cached share on it is said."""

Models = tuple[Sequence[UsageRow], Sequence[UsageRow]]
"""A group's rows by model, now and in the days before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Side:
    """A model in one period: its tokens that have a price, and their charge."""

    tokens: int
    charge: Decimal
    units: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Both:
    """A model in both periods."""

    now: _Side
    then: _Side


NONE = _Side(tokens=0, charge=NOTHING, units={})


def reason(now: UsageRow | None, then: UsageRow | None, *, models: Models | None = None) -> str:
    """In a few words; empty where the figures do not say it.

    The change is split exactly: other tokens at the old cost per token, the new tokens of each
    model at the difference of its own cost per token, and the rest, which is the mix of models.
    """
    if then is None or not then.calls:
        return "new"
    if now is None or not now.calls:
        return "no calls any more"
    if unpriced := _unpriced(now, then):
        return unpriced
    pairs = _pairs(models or ([now], [then]))
    used_now = sum(pair.now.tokens for pair in pairs or ())
    used_then = sum(pair.then.tokens for pair in pairs or ())
    if not pairs or not used_now or not used_then:
        return ""
    charge_now = sum((pair.now.charge for pair in pairs), NOTHING)
    charge_then = sum((pair.then.charge for pair in pairs), NOTHING)
    kept = [pair for pair in pairs if pair.now.tokens and pair.then.tokens]
    by_tokens = (used_now - used_then) * charge_then / used_then
    by_cost = sum((_by_cost(pair) for pair in kept), NOTHING)
    by_mix = charge_now - charge_then - by_tokens - by_cost if len(pairs) > 1 else NOTHING
    is_one_model = models is not None or now.model is not None
    parts = [
        (by_tokens, "more tokens" if by_tokens > 0 else "fewer tokens"),
        (by_mix, f"a larger share of {'dearer' if by_mix > 0 else 'cheaper'} models"),
        (by_cost, _cost_words(kept, by_cost, is_one_model=is_one_model)),
    ]
    return ", ".join(_main(parts))


def _unpriced(now: UsageRow, then: UsageRow) -> str:
    """A charge that came or went with the prices of all calls."""
    if now.charge is None and now.unpriced_calls:
        return "its calls have no price now"
    if then.charge is None and then.unpriced_calls:
        return "its calls had no price before"
    return ""


def _main(parts: Sequence[tuple[Decimal, str]]) -> list[str]:
    """The fewest of them that make up most of the change."""
    whole = sum((abs(amount) for amount, _ in parts), NOTHING)
    named, reached = set(), NOTHING
    for amount, words in sorted(parts, key=lambda part: -abs(part[0])):
        if amount and reached * 100 < MAIN_PERCENT_MIN * whole:
            named.add(words)
            reached += abs(amount)
    return [words for _, words in parts if words in named]


def _pairs(models: Models) -> list[_Both] | None:
    """Models with a charge in either period; None where a charge lacks a part of the calls."""
    newer, older = ({row.model: row for row in rows} for rows in models)
    pairs = []
    for model in {**newer, **older}:
        rows = (newer.get(model), older.get(model))
        if all(row is None or row.charge is None for row in rows):
            continue
        sides = [_side(row) for row in rows]
        if sides[0] is None or sides[1] is None:
            return None
        pairs.append(_Both(now=sides[0], then=sides[1]))
    return pairs


def _side(row: UsageRow | None) -> _Side | None:
    if row is None:
        return NONE
    charge, used = row.charge or NOTHING, tokens(row.units)
    lacking = row.unpriced_calls or row.pending_calls or row.excluding_calls
    if lacking or (charge and not used):
        return None
    return _Side(tokens=used, charge=charge, units=row.units)


def _by_cost(pair: _Both) -> Decimal:
    """What the new tokens of a model cost more than at its old cost per token."""
    return pair.now.charge - pair.now.tokens * pair.then.charge / pair.then.tokens


def _cost_words(pairs: Sequence[_Both], by_cost: Decimal, *, is_one_model: bool) -> str:
    """Another price only where it can be nothing else; a cached share that fits is said."""
    way = "higher" if by_cost > 0 else "lower"
    before = sum((pair.now.charge for pair in pairs), NOTHING) - by_cost
    if not is_one_model:
        return f"a {way} cost per token"
    large = abs(by_cost) * 100 >= PRICE_PERCENT_MIN * before
    if large and all(_same_shape(pair) for pair in pairs):
        return f"a {way} price"
    same = " of the same models" if len(pairs) > 1 else ""
    return f"a {way} cost per token{same}{_cached(pairs, is_dearer=by_cost > 0)}"


def _same_shape(pair: _Both) -> bool:
    """Whether each kind of token has the same share of all, but for little; so have fees."""
    now, then = pair.now, pair.then
    return all(
        abs(now.units.get(unit, 0) * then.tokens - then.units.get(unit, 0) * now.tokens) * 1000
        <= SAME_SHAPE_PERMILLE_MAX * now.tokens * then.tokens
        for unit in {*now.units, *then.units}
    ) and not any(side.units.get(unit) for side in (now, then) for unit in NOT_TOKENS)


def _cached(pairs: Sequence[_Both], *, is_dearer: bool) -> str:
    """The cached share of prompts in both periods, where it fits to the change of the cost."""
    (cached_now, prompt_now), (cached_then, prompt_then) = (
        (
            sum(count_of(side.units, CACHED_UNITS) for side in sides),
            sum(count_of(side.units, PROMPT_UNITS) for side in sides),
        )
        for sides in ([pair.now for pair in pairs], [pair.then for pair in pairs])
    )
    if not prompt_now or not prompt_then:
        return ""
    change = 100 * (Decimal(cached_now) / prompt_now - Decimal(cached_then) / prompt_then)
    if abs(change) < CACHED_PERCENT_MIN or (change < 0) != is_dearer:
        return ""
    was, became = share(cached_then, prompt_then), share(cached_now, prompt_now)
    return f", cached share {was} → {became}"
