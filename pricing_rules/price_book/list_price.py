"""What whoever has no contract pays: the list prices of a book, without the company's own. Pure."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from pricing_rules.price_book.drafts import Draft
from pricing_rules.price_book.match import CALLER_DIMENSIONS, may_match_one_call
from pricing_rules.price_book.rate_card import (
    CONTRACT,
    BookContent,
    FeeCard,
    Modifier,
    PriceSource,
    RateCard,
)

_Card = TypeVar("_Card", RateCard, FeeCard)


def with_list_ends(content: BookContent, drafts: Mapping[str, Draft]) -> BookContent:
    """The content where each list price that a contract ended says when it ends at list price."""
    return replace(content, cards=_ended(content.cards, drafts), fees=_ended(content.fees, drafts))


def _ended(cards: tuple[_Card, ...], drafts: Mapping[str, Draft]) -> tuple[_Card, ...]:
    return tuple(
        replace(card, valid_to_at_list=_end_at_list(card, cards, drafts))
        if drafts[card.id].ended_by_contract
        else card
        for card in cards
    )


def _end_at_list(
    card: _Card, cards: Sequence[_Card], drafts: Mapping[str, Draft]
) -> datetime | None:
    """Its own end, or when another list price takes its calls."""
    own = drafts[card.id].rule.valid_to
    ends = [] if own is None else [own]
    ends += [
        later.valid_from
        for later in cards
        if later.valid_from > card.valid_from
        and not drafts[later.id].is_contract
        and (_superseded_list_price(later, drafts) == card.id or _rivals(card, later))
    ]
    return min(ends, default=None)


def _superseded_list_price(card: RateCard | FeeCard, drafts: Mapping[str, Draft]) -> str | None:
    """The list price that it supersedes, be it through contracts."""
    before = drafts[card.id].rule.supersedes
    while before is not None and drafts[before].is_contract:
        before = drafts[before].rule.supersedes
    return before


def under_contract(
    one: RateCard | FeeCard, other: RateCard | FeeCard, drafts: Mapping[str, Draft]
) -> bool:
    """Whether one is agreed on, and the other a list price that goes on under it: both are
    successors of one rule. Of calls that both have the contract holds.
    """
    agreed = drafts[one.id].is_contract != drafts[other.id].is_contract
    return agreed and not _before(one, drafts).isdisjoint(_before(other, drafts))


def _before(card: RateCard | FeeCard, drafts: Mapping[str, Draft]) -> set[str]:
    """The rules that it supersedes, also through others."""
    found: set[str] = set()
    before = drafts[card.id].rule.supersedes
    while before is not None:
        found.add(before)
        before = drafts[before].rule.supersedes
    return found


def _rivals(one: RateCard | FeeCard, other: RateCard | FeeCard) -> bool:
    """Whether both would price one call, and nothing but time says which."""
    if (
        isinstance(one, FeeCard)
        and isinstance(other, FeeCard)
        and one.rates.keys().isdisjoint(other.rates)
    ):
        return False
    return (
        (one.currency, one.origin) == (other.currency, other.origin)
        and len(one.matches) == len(other.matches)
        and may_match_one_call(one.matches, other.matches)
    )


def content_at_list(content: BookContent, contracts: Collection[str]) -> BookContent:
    """The list prices alone. `contracts`: ids of the prices that the company has agreed on.

    A zero rule of the layer `list` says that there is no price per call, so it is a list price.
    """
    return replace(
        content,
        cards=_listed(content.cards, contracts),
        fees=_listed(content.fees, contracts),
        modifiers=tuple(rule for rule in content.modifiers if _is_for_all(rule)),
        billing_currency=content.pricing_currency,
        fx=(),
    )


def _listed(cards: tuple[_Card, ...], contracts: Collection[str]) -> tuple[_Card, ...]:
    return tuple(_at_list(card) for card in cards if card.id not in contracts)


def _at_list(card: _Card) -> _Card:
    if card.valid_to_at_list is UNSET:
        return card
    return replace(card, valid_to=card.valid_to_at_list, valid_to_at_list=UNSET)


def _is_for_all(rule: Modifier) -> bool:
    asked = {dimension for dimension, _ in rule.matches}
    return rule.layer == "list" and asked.isdisjoint(CALLER_DIMENSIONS)


def ends_at_list(content: BookContent) -> dict[str, datetime | None]:
    """When each list price that a contract ended ends for whoever has no contract."""
    cards: tuple[RateCard | FeeCard, ...] = (*content.cards, *content.fees)
    return {c.id: c.valid_to_at_list for c in cards if c.valid_to_at_list is not UNSET}


def contracts_of(content: BookContent, sources: Mapping[str, PriceSource]) -> frozenset[str]:
    """The ids of the prices that the company has agreed on."""
    cards: tuple[RateCard | FeeCard, ...] = (*content.cards, *content.fees)
    agreed = {card.id for card in cards if card.agreed is True}
    said = {rule_id for rule_id, source in sources.items() if source.kind == CONTRACT}
    return frozenset(agreed | said)
