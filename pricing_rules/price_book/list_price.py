"""What whoever has no contract pays: the list prices of a book, without the company's own. Pure."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TypeVar

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from pricing_rules.price_book.drafts import Draft
from pricing_rules.price_book.match import CALLER_DIMENSIONS, matches_of, may_match_one_call
from pricing_rules.price_book.rate_card import (
    CONTRACT,
    BookContent,
    FeeCard,
    Modifier,
    PriceSource,
    RateCard,
)
from pricing_rules.price_book.rules import ORIGINS, BaseRule, FeeRule

_Card = TypeVar("_Card", RateCard, FeeCard)


def end_at_list(draft: Draft, drafts: Mapping[str, Draft]) -> datetime | UnsetType | None:
    """When a list price ends that a contract ended earlier; UNSET where no contract did.

    It goes on until its own end, or until another list price takes its calls.
    """
    if not draft.ended_by_contract:
        return UNSET
    ends = [] if draft.rule.valid_to is None else [draft.rule.valid_to]
    ends += [other.rule.valid_from for other in drafts.values() if _follows(other, draft, drafts)]
    return min(ends, default=None)


def _follows(later: Draft, draft: Draft, drafts: Mapping[str, Draft]) -> bool:
    """Whether a later list price supersedes this one, be it through contracts, or has calls of it
    and is as specific."""
    if later.is_contract or later.rule.valid_from <= draft.rule.valid_from:
        return False
    before = later.superseded(drafts)
    while before is not None and before.is_contract:
        before = before.superseded(drafts)
    return before is draft or _rivals(later, draft)


def _rivals(later: Draft, draft: Draft) -> bool:
    """Whether both would price one call, and nothing but time says which."""
    one, other = draft.rule, later.rule
    if isinstance(one, FeeRule) and isinstance(other, FeeRule):
        if one.rates.keys().isdisjoint(other.rates):
            return False
    elif not (isinstance(one, BaseRule) and isinstance(other, BaseRule)):
        return False
    if one.currency != other.currency or ORIGINS[one.source.kind] != ORIGINS[other.source.kind]:
        return False
    matches, others = matches_of(one.match), matches_of(other.match)
    return len(matches) == len(others) and may_match_one_call(matches, others)


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


def contracts_of(sources: Mapping[str, PriceSource]) -> frozenset[str]:
    """The ids of the prices that the company has agreed on."""
    return frozenset(rule_id for rule_id, source in sources.items() if source.kind == CONTRACT)
