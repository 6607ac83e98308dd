"""What keeps a call with known counts from being priced, and what its price leaves out. Pure."""

from pricing_rules.price_book.terms import Terms, TierRates
from pricing_rules.provider_usage.anthropic import is_anthropic
from pricing_rules.types import Exclusion, Usage, UsageEvent
from pricing_rules.units import Unit

_MODALITIES = (
    (Unit.INPUT, Unit.CACHE_READ),
    (Unit.INPUT_IMAGE, Unit.CACHE_READ_IMAGE),
    (Unit.INPUT_AUDIO, Unit.CACHE_READ_AUDIO),
)
"""Fresh and cached tokens of one modality."""


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


def _savings(usage: Usage, tier: TierRates) -> set[int | None]:
    """What caching saves on a token, over the modalities of the prompt; None where unpriced."""
    rates = dict(tier.rates)
    savings: set[int | None] = set()
    for fresh, cached in _MODALITIES:
        if usage.counts.get(fresh) or usage.counts.get(cached):
            known = fresh in rates and cached in rates
            savings.add(rates[fresh] - rates[cached] if known else None)
    return savings


def excluded(event: UsageEvent, terms: Terms) -> tuple[str, ...]:
    """What the cost of a call leaves out whose counts are the gateway's log's, sorted."""
    names = {*terms.unlogged} if event.usage is None else {*event.usage.excludes, *terms.unlogged}
    if is_anthropic(event.operation, (terms.model, event.model, event.deployment)):
        names.add(Exclusion.CACHE_WRITE)
    return tuple(sorted(names))
