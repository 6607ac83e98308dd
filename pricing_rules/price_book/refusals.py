"""Why a call has no price, in words: what no rule says, and which rule is near. Pure."""

from collections.abc import Sequence, Set
from datetime import datetime

from pricing_rules.price_book.match import USAGE_DIMENSION, CallFacts
from pricing_rules.price_book.rate_card import FeeCard, Modifier, RateCard


def unpriced_fields(facts: CallFacts, rules: Sequence[RateCard | Modifier]) -> str | None:
    """Names the usage fields that no rule of the call asks for."""
    asked = {dimension for rule in rules for dimension, _ in rule.matches}
    left = [
        f"{dimension.removeprefix(USAGE_DIMENSION)} = {value}"
        for dimension, value in facts.items()
        if dimension.startswith(USAGE_DIMENSION) and dimension not in asked
    ]
    return f"no rule prices usage field {', '.join(left)}" if left else None


def left_out(cards: Sequence[RateCard | FeeCard]) -> str:
    said = "only a {0.origin} price, which PRICE_SOURCES leaves out: rule {0.id}"
    return said.format(cards[0]) if cards else ""


def no_price(facts: CallFacts, known_versions: Set[str]) -> str:
    hint = ""
    if known_versions and facts["versions"] not in known_versions:
        hint = f"; priced versions are {', '.join(sorted(known_versions))}"
    if not facts.get("zone") and str(facts["deployment"]).startswith("DataZone"):
        hint += "; its price may depend on the data zone: give the alias the region"
    return (
        f"no price for {facts['provider']} {facts['model']}, "
        f"version {facts['versions'] or 'unknown'}, {facts['deployment']}, "
        f"{facts['service_tier']} tier, region {facts['region'] or 'unknown'}, "
        f"{facts['operation']} at this time{hint}"
    )


def other_times(cards: Sequence[RateCard], moment: datetime) -> str:
    """Which rule would have held before or would hold later."""
    ended = max(
        ((card.valid_to, card.id) for card in cards if card.valid_to and card.valid_to <= moment),
        default=None,
    )
    if ended:
        return f"; rule {ended[1]} ended {ended[0].isoformat()}"
    if cards:
        begins, rule_id = min((card.valid_from, card.id) for card in cards)
        return f"; rule {rule_id} begins {begins.isoformat()}"
    return ""
