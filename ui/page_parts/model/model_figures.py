"""What models cost and how they answer: savings by the cache, latency, and the same calls on
another model. The engine prices; here is only what to ask it and what to say of the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.found_calls import FoundCall
from ui.api.price_answers import Price
from ui.api.rating import Question, RatedCall
from ui.api.usage_answers import CallState, UsageRow
from ui.figures.offers import Offer, question_of
from ui.period import DAY, Period

MILLION = 1_000_000
COMPARABLE = frozenset({"input", "cache_read", "output", "reasoning"})
"""Units of text. Audio, images, tools and cache writes have no like on another model."""


def saved_by_cache(row: UsageRow, prices: Sequence[Price], days: Period) -> Decimal | None:
    """What cached tokens would have cost more at the price of uncached ones, at list price.

    The smallest difference among the prices that the model may have had on a day; None where none
    is known. `prices` are those of every time.
    """
    cached = row.units.get("cache_read", 0)
    differences = [
        tier.per_million["input"] - tier.per_million["cache_read"]
        for price in prices
        if price.deployments and price.model == row.model and _held(price, days)
        for tier in price.tiers
        if {"input", "cache_read"} <= tier.per_million.keys()
    ]
    if not cached or not differences:
        return None
    return cached * min(differences) / MILLION


def _held(price: Price, days: Period) -> bool:
    """Whether a price held within the days. Zones are less than a day apart, and one more price
    leaves a saving that is at least so large.
    """
    begins, ends = price.valid_from.date(), price.valid_to
    return begins <= days.until and (ends is None or ends.date() >= days.first - DAY)


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
    reasoning = units.get("reasoning", 0)
    return {
        "prompt_tokens": units.get("input", 0) + cached,
        "completion_tokens": units.get("output", 0) + reasoning,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": reasoning},
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class WhatIf:
    """The same calls on their own model and on another one, both at list price of one book."""

    calls: int
    left_out: int
    own: Decimal
    instead: Decimal
    reason: str | None
    """Why there is no price on both sides for any call."""
    unpriced: str | None
    """The model that has none then."""


def questions_of(
    calls: Sequence[FoundCall], own: Callable[[FoundCall], Offer], instead: Offer
) -> list[Question]:
    """Two questions for each call that can be priced on both models: its own model's is first.

    `own` says how a call's own model is bought. A call that the gateway's cache answered asks no
    model, so it is left out.
    """
    return [
        question_of(offer, usage)
        for call in calls
        if call.state is CallState.PRICED
        if (usage := usage_object(call.units)) is not None
        for offer in (own(call), instead)
    ]


def what_if(calls: int, asked: Sequence[Question], rated: Sequence[RatedCall]) -> WhatIf:
    """Sums over the calls that have a price on both sides; `rated` answers `asked`."""
    pairs = [
        (own.at_list, instead.at_list)
        for own, instead in zip(rated[::2], rated[1::2], strict=True)
        if own.at_list is not None and instead.at_list is not None
    ]
    unpriced = [
        (question.model, answer.reason)
        for question, answer in zip(asked, rated, strict=True)
        if answer.at_list is None
    ]
    model, reason = unpriced[0] if unpriced and not pairs else (None, None)
    return WhatIf(
        calls=len(pairs),
        left_out=calls - len(pairs),
        own=sum((own for own, _ in pairs), Decimal(0)),
        instead=sum((instead for _, instead in pairs), Decimal(0)),
        reason=reason,
        unpriced=model,
    )
