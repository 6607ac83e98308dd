"""litellm's price map → reported prices to compare with the book.

What others report that Azure charges. A price that the book has read from Azure's own rows stays;
where the two differ, the difference is listed.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time

import msgspec

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.proposals import Proposal, ReadPrice, Tiers, names_of
from pricing_rules.price_sources.quotes.litellm_names import (
    NotSold,
    Sold,
    price_of_a_picture,
    sold_as,
)
from pricing_rules.price_sources.quotes.litellm_prices import TEXT_MODES, Entry, read_entry
from pricing_rules.price_sources.quotes.reported import propose_reported
from pricing_rules.units import Unit

_FAMILIES = (
    ("claude-", "anthropic"),
    ("gpt-5", "gpt_5"),
    ("gpt-6", "gpt_6"),
    ("fw-", "fireworks"),
)
"""Rule file by the beginning of a model's name."""
_FEE = "a fee on top of a model's price: the book's fee rules are written by hand"
_BATCH_TYPES = {
    DeploymentType.GLOBAL_STANDARD: DeploymentType.GLOBAL_BATCH,
    DeploymentType.DATA_ZONE_STANDARD: DeploymentType.DATA_ZONE_BATCH,
}
"""What a batch price is for, next to calls that name the batch tier."""


class Left(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """Something of the map that becomes no rule."""

    reason: str
    key: str
    what: str = ""
    """The field or tier; empty is the whole entry."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What the map says of one model, version, deployment type and zone in one service tier."""

    entry: Entry
    sold: Sold
    service_tier: ServiceTier
    tiers: Tiers


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """All of the map: what is proposed, what is left, and models without a price for caching."""

    proposals: tuple[Proposal, ...]
    left: tuple[Left, ...]
    cached_as_input: tuple[str, ...]
    """Models whose cached tokens are billed as input."""


def propose_litellm(
    price_map: Mapping[str, Mapping[str, object]], book: Book, *, version: str, checked: date
) -> Reported:
    """What the map would change in the book.

    `version` is litellm's, `checked` the day on which the map was read.
    """
    left: list[Left] = []
    offers = list(_offers(price_map, book, left))
    prices = [
        _price(offer, offers, version=version, checked=checked)
        for offer in _one_per_call(offers, left)
    ]
    return Reported(
        proposals=tuple(propose_reported(prices, book, at=_midnight(checked))),
        left=tuple(sorted(left)),
        cached_as_input=tuple(_without_cached_price(offers, book)),
    )


def render_left(left: Sequence[Left]) -> str:
    """What becomes no rule, a paragraph a reason."""
    lines = []
    for reason in sorted({item.reason for item in left}):
        lines.append(f"left      {reason}")
        of_reason = (item for item in left if item.reason == reason)
        lines += [f"            {item.key} {item.what}".rstrip() for item in of_reason]
    return "\n".join(lines)


def default_versions(book: Book) -> dict[str, str]:
    """Of Azure's models."""
    return {
        model: version
        for provider, model, version in book.content.default_versions
        if provider == "azure"
    }


def _offers(
    price_map: Mapping[str, Mapping[str, object]], book: Book, left: list[Left]
) -> Iterator[Offer]:
    names, defaults = names_of(book), default_versions(book)
    for key, fields in sorted(price_map.items()):
        entry = read_entry(key, fields)
        try:
            sold = sold_as(key, names)
        except NotSold as error:
            picture = price_of_a_picture(key, fields.get("input_cost_per_pixel"))
            what = f"{picture.normalize():f} USD per picture" if picture else ""
            left.append(Left(reason=str(error), key=key, what=what))
            continue
        left += (Left(reason=reason, key=key, what=name) for name, reason in entry.unread)
        left += (Left(reason=_FEE, key=key, what=unit.value) for unit in entry.fees)
        if sold.version is None:
            sold = msgspec.structs.replace(sold, version=defaults.get(sold.model))
        for service_tier, tiers in entry.tiers.items():
            yield Offer(entry=entry, sold=sold, service_tier=service_tier, tiers=tiers)


def _one_per_call(offers: Sequence[Offer], left: list[Left]) -> Iterator[Offer]:
    """One offer for each call that the map prices: equal ones joined, others settled or left."""
    groups: dict[tuple[object, ...], dict[str | None, Offer]] = {}
    refused: set[tuple[object, ...]] = set()
    for offer in offers:
        sold = offer.sold
        group: tuple[object, ...]
        group = (sold.model, sold.deployment, sold.zone, offer.service_tier)
        of_model = groups.setdefault(group, {})
        other = of_model.setdefault(sold.version, offer)
        if other is not offer:
            chosen = _settled(other, offer, left)
            if chosen is None:
                refused.add((*group, sold.version))
            else:
                of_model[sold.version] = chosen
    for group, of_model in groups.items():
        usable = {
            version: offer
            for version, offer in of_model.items()
            if (*group, version) not in refused
        }
        yield from _one_per_version(usable, left)


def _settled(one: Offer, other: Offer, left: list[Left]) -> Offer | None:
    """Two entries for one call. Of two prices the one with the better source is taken."""
    joined = _joined(one, other)
    if joined is not None:
        return joined
    what = f"{one.service_tier} tier"
    names = f"{one.entry.key} and {other.entry.key}"
    if one.entry.evidence != other.entry.evidence:
        better, worse = sorted((one, other), key=lambda offer: -offer.entry.evidence)
        reason = f"{names} have two prices: the first cites the better source"
        if better is other:
            reason = reason.replace("the first", "the second")
        left.append(Left(reason=reason, key=worse.entry.key, what=what))
        return better
    # What they agree on is kept where a prompt and its answer are part of that.
    disputed = _disputed(one, other)
    usable = disputed is not None and disputed.isdisjoint({Unit.INPUT, Unit.OUTPUT})
    units = f", {' and '.join(sorted(disputed))}" if disputed and usable else ""
    reason = f"{names} have two prices, and neither source is the better one"
    keys = (one.entry.key, other.entry.key)
    left += (Left(reason=reason, key=key, what=what + units) for key in keys)
    return _joined(one, other, without=disputed) if disputed and usable else None


def _disputed(one: Offer, other: Offer) -> frozenset[Unit] | None:
    """The units for which both have another price; None where even the bounds differ."""
    if [bound for bound, _ in one.tiers] != [bound for bound, _ in other.tiers]:
        return None
    return frozenset(
        unit
        for (_, rates), (_, more) in zip(one.tiers, other.tiers, strict=True)
        for unit in rates.keys() & more.keys()
        if rates[unit] != more[unit]
    )


def _joined(one: Offer, other: Offer, without: frozenset[Unit] = frozenset()) -> Offer | None:
    """Both in one, where they agree on each unit that both price, but for those left out."""
    if _disputed(one, other) != without:
        return None
    tiers = tuple(
        (bound, {unit: price for unit, price in (more | rates).items() if unit not in without})
        for (bound, rates), (_, more) in zip(one.tiers, other.tiers, strict=True)
    )
    return msgspec.structs.replace(one, tiers=tiers)


def _one_per_version(of_model: dict[str | None, Offer], left: list[Left]) -> Iterator[Offer]:
    """One offer for all versions where they agree, else one for each.

    Where versions have several prices, an undated one is a guess.
    """
    undated = of_model.pop(None, None)
    if undated is None:
        yield from of_model.values()
        return
    joined: Offer | None = undated
    for offer in of_model.values():
        joined = joined and _joined(joined, offer)
    if joined is not None:
        yield joined
        return
    yield from of_model.values()
    reason = "its versions have several prices: an undated price would be a guess"
    left.append(Left(reason=reason, key=undated.entry.key, what=f"{undated.service_tier} tier"))


def _price(offer: Offer, offers: Sequence[Offer], *, version: str, checked: date) -> ReadPrice:
    sold = offer.sold
    begins, note = _begins(offer, offers, checked)
    batch = offer.service_tier is ServiceTier.BATCH
    deployment = _BATCH_TYPES.get(sold.deployment, sold.deployment) if batch else sold.deployment
    family = next(
        (name for start, name in _FAMILIES if sold.model.lower().startswith(start)),
        "partners" if offer.entry.key.startswith("azure_ai/") else "openai",
    )
    return ReadPrice(
        provider="azure",
        model=sold.model,
        version=sold.version,
        deployment=deployment,
        zone=sold.zone,
        service_tier=offer.service_tier,
        tiers=offer.tiers,
        valid_from=_midnight(begins),
        family=f"azure_reported_{family}",
        source_kind="litellm",
        source_version=version,
        checked=checked,
        url=offer.entry.url,
        note=note,
    )


def _begins(offer: Offer, offers: Sequence[Offer], checked: date) -> tuple[date, str]:
    """The first day of a price: that of the version, else of the model's first version."""
    versions = (
        [offer.sold.version]
        if offer.sold.version
        else [other.sold.version for other in offers if other.sold.model == offer.sold.model]
    )
    dates = sorted(day for version in versions if (day := _day(version)) and day <= checked)
    if dates:
        return dates[0], f"begins on the date of version {dates[0]}, which is assumed"
    return checked, "begins on the day of the report: its start is not known"


def _day(version: str | None) -> date | None:
    try:
        return date.fromisoformat(version or "")
    except ValueError:
        return None


def _without_cached_price(offers: Sequence[Offer], book: Book) -> list[str]:
    """Text models that nobody prices cached tokens of: Azure has no meter for them."""
    priced = {
        dict(card.matches)["model"][0]
        for card in book.content.cards
        if any(Unit.CACHE_READ in tier.rates for tier in card.tiers)
    }
    known = {model for provider, model in book.content.cached_as_input if provider == "azure"}
    models = {offer.sold.model for offer in offers if offer.entry.mode in TEXT_MODES}
    priced |= {offer.sold.model for offer in offers if offer.entry.names_cached}
    return sorted(models - priced - known)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
