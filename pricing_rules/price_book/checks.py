"""What a book's rules must be together: one price per call and time, no hole, no dead alias."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import combinations, pairwise, product
from typing import Protocol

from pricing_rules.errors import InvalidBook
from pricing_rules.price_book.drafts import Draft
from pricing_rules.price_book.list_price import under_contract
from pricing_rules.price_book.match import matches_all, may_match_one_call
from pricing_rules.price_book.rate_card import (
    Alias,
    BookContent,
    FeeCard,
    Matches,
    RateCard,
)
from pricing_rules.price_book.rules import (
    BATCH_TYPES,
    FeeRule,
    ModifierRule,
    ServiceTier,
)
from pricing_rules.price_book.spellings import Knower, Spellings

_OF_DEPLOYMENTS = frozenset({"provider", "deployment", "model", "versions", "region", "zone"})
"""Dimensions that say nothing of a caller or of a single call."""
_Price = RateCard | FeeCard


class Dated(Protocol):
    """A rule with an id and a half-open validity."""

    @property
    def id(self) -> str: ...
    @property
    def valid_from(self) -> datetime: ...
    @property
    def valid_to(self) -> datetime | None: ...


def check_cards(
    cards: Sequence[RateCard], file_of: Mapping[str, str], drafts: Mapping[str, Draft]
) -> None:
    """No two base rules of equal specificity for one call and time, no time between two of one. A
    contract may hold over the list price that goes on under it.
    """
    by_model: dict[tuple[str, ...], list[RateCard]] = defaultdict(list)
    for card in cards:
        values = dict(card.matches)
        # A list in another currency is a list of its own.
        by_model[(card.currency, *values["provider"], *values["model"])].append(card)
    for of_model in by_model.values():
        for one, other in combinations(of_model, 2):
            if one.origin != other.origin or under_contract(one, other, drafts):
                continue
            if _ambiguous(one, other):
                raise InvalidBook(
                    f"overlaps {one.id!r} in time with equal specificity; a change of price "
                    "supersedes the earlier rule",
                    file=file_of[other.id],
                    rule_id=other.id,
                )
        for card in of_model:
            _check_followed(card, of_model, file_of)


def check_default_versions(content: BookContent, file_of: Mapping[tuple[str, str], str]) -> None:
    """Every default version has a price. `file_of`: by provider and model."""
    for provider, model, version in content.default_versions:
        of_model = [
            values
            for card in content.cards
            if (values := dict(card.matches))["provider"] == (provider,)
            and values["model"] == (model,)
        ]
        if not any(version in values.get("versions", (version,)) for values in of_model):
            raise InvalidBook(
                f"default version {version!r} of {provider} {model} has no rule",
                file=file_of[provider, model],
            )


def check_fees(
    fees: Sequence[FeeCard], file_of: Mapping[str, str], drafts: Mapping[str, Draft]
) -> None:
    """No two fees of equal specificity price one unit of one call, and no time is between two of a
    unit: a router's calls would have no fee then, unnoticed. As of base rules, those in another
    currency and those of another origin are lists of their own.
    """
    for one, other in combinations(fees, 2):
        if (one.currency, one.origin) != (other.currency, other.origin):
            continue
        if under_contract(one, other, drafts):
            continue
        if not one.rates.keys().isdisjoint(other.rates) and _ambiguous(one, other):
            units = ", ".join(sorted(one.rates.keys() & other.rates.keys()))
            raise InvalidBook(
                f"overlaps {one.id!r} in time with equal specificity, and both price {units}",
                file=file_of[other.id],
                rule_id=other.id,
            )
    for fee in fees:
        for unit in fee.rates:
            same = [each for each in fees if each.currency == fee.currency and unit in each.rates]
            _check_followed(fee, same, file_of)


def check_fx(content: BookContent, file_of: Mapping[str, str], settings_file: str | None) -> None:
    """With two currencies, fx rates that follow each other without overlap or gap."""
    if content.billing_currency == content.pricing_currency:
        return
    pair = f"{content.pricing_currency}-{content.billing_currency}"
    if not content.fx:
        reason = f"has no fx rule for {pair}, the book's two currencies"
        raise InvalidBook(reason, file=settings_file)
    for one, other in combinations(content.fx, 2):
        if _overlap(one, other):
            raise InvalidBook(
                f"overlaps {one.id!r} in time", file=file_of[other.id], rule_id=other.id
            )
    _check_no_gap(content.fx, file_of)


def check_aliases(content: BookContent, file_of: Mapping[str, str]) -> None:
    """Every alias leads to a price or to a rule that says why it costs nothing per call."""
    priced = [card.matches for card in content.cards]
    priced += [rule.matches for rule in content.modifiers if rule.layer == "list"]
    by_provider_and_model: dict[tuple[str | None, str | None], list[dict[str, tuple[str, ...]]]]
    by_provider_and_model = defaultdict(list)
    for matches in priced:
        values = dict(matches)
        if not _is_of_aliases(values):
            continue
        for provider in values.get("provider", (None,)):
            for model in values.get("model", (None,)):
                by_provider_and_model[provider, model].append(values)
    zones = dict(content.zones)
    for alias in content.aliases:
        if alias.rate_by == "reported":
            continue
        candidates = [
            values
            for provider, model in product((alias.provider, None), (alias.model, None))
            for values in by_provider_and_model[provider, model]
        ]
        if not any(serves(values, alias, zones) for values in candidates):
            raise InvalidBook(
                f"alias {alias.name!r} resolves to nothing: no rule prices {alias.provider} "
                f"{alias.model} {alias.version or '(any version)'} {alias.type} "
                f"in {_place(alias, zones)}",
                file=file_of[alias.name],
            )


def _is_of_aliases(values: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a rule is of one model, or of a provider or types of deployment and all their calls,
    whoever makes them. A batch deployment has no other tier."""
    asked = set(values)
    if BATCH_TYPES.issuperset(values.get("deployment", ("",))):
        asked.discard("service_tier")
    of_all = asked <= _OF_DEPLOYMENTS and not asked.isdisjoint({"provider", "deployment"})
    return of_all or asked >= {"provider", "model"}


def _place(alias: Alias, zones: Mapping[str, str]) -> str:
    """Where the alias says it runs; a Data Zone price is that of the region's zone."""
    if alias.region is None:
        return "any region"
    zoned = alias.type.startswith("DataZone")
    return f"{alias.region}, zone {zones.get(alias.region, 'unknown')}" if zoned else alias.region


def check_routers(content: BookContent, file_of: Mapping[str, str], spellings: Spellings) -> None:
    """Something but the alias knows each router: a wrong name would have no fee, unnoticed."""
    for alias in content.aliases:
        known = spellings.known_by(alias.provider, alias.model) - {"alias"}
        if alias.rate_by == "reported" and not known:
            raise InvalidBook(
                f"alias {alias.name!r} is of {spellings.unknown(alias.provider, alias.model)}; "
                "a rule of kind fee or a family that names it makes it known",
                file=file_of[alias.name],
            )


def check_known_names(
    drafts: Iterable[Draft], spellings: Spellings, zones: Iterable[tuple[str, str]]
) -> None:
    """Something but the rule knows the zones of a rule, and the provider and the model that a
    discount or a fee is for: a wrong name would match no call, unnoticed. `zones`: by region.
    """
    known_zones = {zone for _, zone in zones}
    for draft in drafts:
        rule, match = draft.rule, draft.rule.match
        for zone in sorted(set(match.zone or ()) - known_zones):
            has = ", ".join(sorted(known_zones)) or "none"
            raise draft.refuse(f"match is for zone {zone!r}, the zones of the book are: {has}")
        if not isinstance(rule, ModifierRule | FeeRule):
            continue
        by_itself: frozenset[Knower] = frozenset({"fee"} if isinstance(rule, FeeRule) else ())
        if match.model is not None:
            if isinstance(rule, ModifierRule) and spellings.is_router(match.provider, match.model):
                answered = "its calls have the model that answered; name that one"
                raise draft.refuse(f"match is for the router {match.model!r}: {answered}")
            if not spellings.known_by(match.provider, match.model) - by_itself:
                unknown = spellings.unknown(match.provider, match.model)
                raise draft.refuse(f"match is for {unknown}")
        elif match.provider is not None:
            providers = spellings.providers(by_itself)
            if match.provider not in providers:
                raise draft.refuse(
                    f"match is for provider {match.provider!r}, which no price or alias of the "
                    f"book names; it has {', '.join(sorted(providers)) or 'none'}"
                )


def serves(values: Mapping[str, tuple[str, ...]], alias: Alias, zones: Mapping[str, str]) -> bool:
    """Whether a rule can price the alias. A version or region left open comes with the call.

    `zones`: by region. The region of an alias says which zone's prices its calls have.
    """
    stated = {"versions": alias.version, "deployment": alias.type, "region": alias.region}
    if alias.region is not None:
        stated["zone"] = zones.get(alias.region, "")
    if alias.type in BATCH_TYPES:
        stated["service_tier"] = ServiceTier.BATCH
    return all(
        value is None or dimension not in values or value in values[dimension]
        for dimension, value in stated.items()
    )


def _check_followed(card: _Price, of_model: Sequence[_Price], file_of: Mapping[str, str]) -> None:
    """Where a rule ends and a later one has calls of it, some rule has them in between.

    Of one origin: a reported price from a later day on is no gap in Azure's own.
    """
    if card.valid_to is None:
        return
    dimensions = [dimension for dimension, _ in card.matches]
    for values in product(*(values for _, values in card.matches)):
        each = zip(dimensions, values, strict=True)
        call: Matches = tuple((name, (value,)) for name, value in each)
        after = [
            other
            for other in of_model
            if other.origin == card.origin
            and matches_all(other.matches, call)
            and (other.valid_to is None or other.valid_to > card.valid_to)
        ]
        if after and min(other.valid_from for other in after) > card.valid_to:
            later = min(after, key=lambda other: (other.valid_from, other.id))
            raise _gap(later, card, file_of)


def _ambiguous(one: _Price, other: _Price) -> bool:
    return (
        len(one.matches) == len(other.matches)
        and _overlap(one, other)
        and may_match_one_call(one.matches, other.matches)
    )


def _overlap(one: Dated, other: Dated) -> bool:
    return (other.valid_to is None or one.valid_from < other.valid_to) and (
        one.valid_to is None or other.valid_from < one.valid_to
    )


def _check_no_gap(rules: Iterable[Dated], file_of: Mapping[str, str]) -> None:
    in_time = sorted(rules, key=lambda rule: rule.valid_from)
    for earlier, later in pairwise(in_time):
        if earlier.valid_to is not None and earlier.valid_to < later.valid_from:
            raise _gap(later, earlier, file_of)


def _gap(later: Dated, earlier: Dated, file_of: Mapping[str, str]) -> InvalidBook:
    ends = earlier.valid_to.isoformat() if earlier.valid_to else "never"
    return InvalidBook(
        f"begins {later.valid_from.isoformat()}, a gap after {earlier.id!r} that ends {ends}",
        file=file_of[later.id],
        rule_id=later.id,
    )
