"""What keeps a call with known counts from being priced, and what its price leaves out. Pure."""

from collections.abc import Sequence

from pricing_rules.decoding.reported_usage import TRACE, USAGE_EVENT
from pricing_rules.price_book.terms import Terms
from pricing_rules.price_book.tier_rates import TierRates
from pricing_rules.provider_usage.anthropic import is_anthropic
from pricing_rules.provider_usage.tools import may_cost
from pricing_rules.types import Exclusion, Operation, Rank, Usage, UsageEvent
from pricing_rules.units import OUTPUT_UNITS, Unit

_MODALITIES = (
    (Unit.INPUT, Unit.CACHE_READ),
    (Unit.INPUT_IMAGE, Unit.CACHE_READ_IMAGE),
    (Unit.INPUT_AUDIO, Unit.CACHE_READ_AUDIO),
)
"""Fresh and cached tokens of one modality."""
_CHARGED_FAILURES = frozenset({400, 408})
_WITH_TOOLS = frozenset({Operation.RESPONSES, Operation.MESSAGES})
"""Operations whose tools the model's server runs."""
_OF_POLICY = frozenset({USAGE_EVENT, TRACE})
"""Halves of a call by which the gateway's policy says what it read of request and answer."""


def doubt_of(usage: Usage, tier: TierRates) -> str | None:
    """Why the counts set no price in this tier; None when they do.

    A prompt of 2,643 text and 22,000 image tokens, 24,503 of them cached, has one price where
    caching saves as much on a text token as on an image token: any split gives the same amount.
    """
    caveats = usage.caveats
    if caveats is None:
        return None
    if caveats.contradiction is not None and any(price for _, price in tier.rates):
        return f"usage contradicts itself: {caveats.contradiction}"
    if caveats.unsplit_cache and len(_savings(usage, tier)) > 1:
        return "cached tokens are not split by modality, and their prices differ"
    return None


def why_unpriced(usage: Usage, tiers: Sequence[TierRates], index: int) -> str | None:
    """Why the counts set no price in the tier that they chose; None when they do."""
    return doubt_of(usage, tiers[index]) or _doubt_of_passes(usage, tiers, index)


def _doubt_of_passes(usage: Usage, tiers: Sequence[TierRates], index: int) -> str | None:
    """Why passes with prompts of several tiers set no price; None when all are in that of `index`,
    which the largest has. Only their sum is counted, so that no pass has a price of its own.
    """
    passes = None if usage.caveats is None else usage.caveats.passes
    bound = tiers[index - 1].up_to if index else None
    if passes is None or bound is None or passes[0] > bound:
        return None
    return (
        f"its passes have prompts of {passes[0]:,} to {passes[1]:,} tokens, and the price changes"
        f" at {bound:,}"
    )


def _savings(usage: Usage, tier: TierRates) -> set[int | None]:
    """What caching saves on a token, over the modalities of the prompt; None where unpriced."""
    rates = dict(tier.rates)
    savings: set[int | None] = set()
    for fresh, cached in _MODALITIES:
        if usage.counts.get(fresh) or usage.counts.get(cached):
            known = fresh in rates and cached in rates
            savings.add(rates[fresh] - rates[cached] if known else None)
    return savings


def why_not_charged(event: UsageEvent) -> str | None:
    """Why tokens of the gateway's log cost nothing: a failed call is charged for what the model
    completed. Azure also charges the prompt of a filtered (400) and of a timed-out call (408).
    """
    status, usage = event.status, event.usage
    if status < 400 or status in _CHARGED_FAILURES or event.rank is not Rank.GATEWAY_LOG:
        return None
    if usage is None or not OUTPUT_UNITS.isdisjoint(usage.counts):
        return None
    return f"answered {status} without a completion, which nobody charges for"


def excluded(event: UsageEvent, terms: Terms) -> tuple[str, ...]:
    """What the cost of a call leaves out, sorted."""
    unsaid = event.stream or _is_of_log_alone(event)
    tier = terms.tier_unconfirmed or (unsaid and terms.tier_unsaid)
    if event.rank is not Rank.GATEWAY_LOG:
        return (Exclusion.TIER,) if tier else ()
    names: set[str] = {*terms.unlogged, *(() if event.usage is None else event.usage.excludes)}
    if tier:
        names.add(Exclusion.TIER)
    if is_anthropic(event.operation, (terms.model, event.model, event.deployment)):
        names.add(Exclusion.CACHE_WRITE)
    if _may_use_tools(event):
        names.add(Exclusion.TOOL_FEES)
    if event.status >= 400 and event.model is None:
        names.add(Exclusion.ESTIMATED)
    return tuple(sorted(names))


def _may_use_tools(event: UsageEvent) -> bool:
    """Whether the request offers a tool that may cost something, or nobody read what it offers."""
    if event.body_unread is not None or _is_of_log_alone(event):
        return event.operation in _WITH_TOOLS
    return any(may_cost(tool) for tool in event.tools_requested)


def _is_of_log_alone(event: UsageEvent) -> bool:
    """Whether the gateway's log alone knows of the call: nobody read its request or its answer, nor
    whether it was a stream.
    """
    return bool(event.completed_from) and _OF_POLICY.isdisjoint(event.completed_from)
