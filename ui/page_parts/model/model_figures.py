"""What models cost and how they answer: savings by the cache, latency, and the same calls on
another model. The engine prices; here is only what to ask it and what to say of the answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.found_calls import FoundCall
from ui.api.price_answers import Price
from ui.api.rating import Question, RatedCall
from ui.api.usage_answers import UsageRow

MILLION = 1_000_000
COMPARABLE = frozenset({"input", "cache_read", "output", "reasoning"})
"""Units of text. Audio, images, tools and cache writes have no like on another model."""


def saved_by_cache(row: UsageRow, prices: Sequence[Price]) -> Decimal | None:
    """What cached tokens would have cost more at the price of uncached ones, at list price.

    The smallest difference among the prices that the model may have; None where none is known.
    """
    cached = row.units.get("cache_read", 0)
    differences = [
        tier.per_million["input"] - tier.per_million["cache_read"]
        for price in prices
        if price.deployments and price.model == row.model
        for tier in price.tiers
        if {"input", "cache_read"} <= tier.per_million.keys()
    ]
    if not cached or not differences:
        return None
    return cached * min(differences) / MILLION


def percentile(values: Sequence[int], percent: int) -> int | None:
    """The nearest rank; None without a value."""
    ranked = sorted(values)
    if not ranked:
        return None
    rank = -(-len(ranked) * percent // 100)
    return ranked[max(rank, 1) - 1]


def usage_object(units: Mapping[str, int]) -> dict[str, object] | None:
    """A call's recorded units as a model would report them; None where no other model has them."""
    if not units or not units.keys() <= COMPARABLE:
        return None
    cached = units.get("cache_read", 0)
    return {
        "prompt_tokens": units.get("input", 0) + cached,
        "completion_tokens": units.get("output", 0) + units.get("reasoning", 0),
        "prompt_tokens_details": {"cached_tokens": cached},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The same calls as recorded and on another model, both at list price."""

    calls: int
    left_out: int
    recorded: Decimal
    instead: Decimal
    reason: str | None
    """Why the other model has no price, if it has none."""


def questions_of(
    calls: Sequence[FoundCall], model: str, provider: str
) -> list[tuple[FoundCall, Question]]:
    """The calls that can be priced on the other model, each with its question."""
    found = []
    for call in calls:
        usage = usage_object(call.units) if call.cost is not None else None
        if usage is not None:
            found.append((call, Question(model=model, provider=provider, usage=usage)))
    return found


def what_if(
    calls: Sequence[FoundCall], asked: Sequence[FoundCall], rated: Sequence[RatedCall]
) -> WhatIf:
    """Sums over the calls that have a price on both sides."""
    pairs = [
        (call.cost.list, other.at_list)
        for call, other in zip(asked, rated, strict=True)
        if call.cost is not None and other.at_list is not None
    ]
    reasons = [other.reason for other in rated if other.at_list is None]
    return WhatIf(
        calls=len(pairs),
        left_out=len(calls) - len(pairs),
        recorded=sum((recorded for recorded, _ in pairs), Decimal(0)),
        instead=sum((instead for _, instead in pairs), Decimal(0)),
        reason=reasons[0] if reasons and not pairs else None,
    )
