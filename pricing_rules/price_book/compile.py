"""Rule files → BookContent: every amount an integer, every rule checked against the others.

Owns the arithmetic of compiling. What a rule must be is in `drafts`, what rules must be together
in `checks`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from msgspec import UNSET
from msgspec.structs import replace

from pricing_rules.errors import InvalidBook
from pricing_rules.money import PICO_DIGITS, PICO_PER_UNIT
from pricing_rules.price_book.book_file import BookFile, Settings
from pricing_rules.price_book.checks import (
    check_aliases,
    check_cards,
    check_default_versions,
    check_fees,
    check_fx,
    check_known_names,
    check_routers,
)
from pricing_rules.price_book.deployments import (
    compile_aliases,
    compile_cached_as_input,
    compile_default_versions,
    compile_families,
    compile_plain_values,
    compile_zones,
)
from pricing_rules.price_book.drafts import Draft, read_drafts
from pricing_rules.price_book.list_price import with_list_ends
from pricing_rules.price_book.rate_card import (
    BookContent,
    FeeCard,
    FxRate,
    Modifier,
    PriceSource,
    RateCard,
    RateTier,
)
from pricing_rules.price_book.rules import (
    FACTOR_DECIMALS_MAX,
    FACTOR_MAX,
    ORIGINS,
    BaseRule,
    FeeRule,
    FixedRule,
    FxRule,
    MinimumRule,
    ModifierRule,
    MultiplyRule,
    PriceOrigin,
    Tier,
    ZeroRule,
)
from pricing_rules.price_book.spellings import Spellings
from pricing_rules.units import Unit

QUANTITY_PER_PRICE = {"1": 1, "1K": 1_000, "1M": 1_000_000, "hour": 3_600_000}
"""How many of a unit one written price is for; an hour is counted in milliseconds."""

_UNIT_ORDER = {unit: index for index, unit in enumerate(Unit)}


def compile_files(
    files: Sequence[tuple[str, BookFile]],
    *,
    origins: Collection[str] = tuple(PriceOrigin),
    dead_aliases: bool = False,
) -> tuple[BookContent, dict[str, PriceSource]]:
    """The content of the book that these files make together, and each price's source.

    InvalidBook names the file, the rule and the reason. `origins`: prices of all others are left
    out. `dead_aliases` allows aliases that resolve to nothing: their calls are unpriced.
    """
    settings_file, settings = _settings(files)
    billing_currency = settings.billing_currency or settings.pricing_currency
    drafts = read_drafts(files, settings.pricing_currency, billing_currency)
    in_order = [drafts[rule_id] for rule_id in sorted(drafts)]
    families = compile_families(files)
    spellings = Spellings(files, drafts, families)
    zones = compile_zones(files)
    check_known_names(drafts.values(), spellings, zones)
    for draft in in_order:
        draft.matches = spellings.matches(draft.rule.match)
    content = BookContent(
        pricing_currency=settings.pricing_currency,
        billing_currency=billing_currency,
        cards=tuple(_card(d, d.rule) for d in in_order if isinstance(d.rule, BaseRule)),
        modifiers=tuple(_modifier(d, d.rule) for d in in_order if isinstance(d.rule, ModifierRule)),
        fx=tuple(_fx(d, d.rule) for d in in_order if isinstance(d.rule, FxRule)),
        aliases=compile_aliases(files, spellings),
        default_versions=compile_default_versions(files, spellings),
        harmless=tuple(
            sorted({path for _, file in files if file.usage for path in file.usage.harmless})
        ),
        plain=compile_plain_values(files),
        zones=zones,
        cached_as_input=compile_cached_as_input(files, spellings),
        left_out=tuple(origin for origin in PriceOrigin if origin not in origins),
        fees=tuple(_fee(d, d.rule) for d in in_order if isinstance(d.rule, FeeRule)),
        families=families,
    )
    file_of = {rule_id: draft.file for rule_id, draft in drafts.items()}
    check_cards(content.cards, file_of, drafts)
    check_fees(content.fees, file_of, drafts)
    check_fx(content, file_of, settings_file)
    check_default_versions(
        content,
        {
            (item.provider, spellings.of(item.provider, item.name)): name
            for name, file in files
            for item in file.model
            if item.default_version
        },
    )
    if not dead_aliases:
        file_of_alias = {d.name.lower(): name for name, file in files for d in file.deployment}
        check_aliases(content, file_of_alias)
        check_routers(content, file_of_alias, spellings)
    return with_list_ends(content, drafts), _sources(drafts.values())


def _settings(files: Iterable[tuple[str, BookFile]]) -> tuple[str | None, Settings]:
    stated = [(name, file.book) for name, file in files if file.book]
    if len(stated) > 1:
        names = " and ".join(name for name, _ in stated)
        raise InvalidBook(f"[book] stands in {names}, expected in one file of the book")
    return stated[0] if stated else (None, Settings())


def _card(draft: Draft, rule: BaseRule) -> RateCard:
    tiers = rule.tier or (Tier(rates=rule.rates or {}),)
    return RateCard(
        id=rule.id,
        matches=draft.matches,
        valid_from=rule.valid_from,
        valid_to=draft.valid_to,
        currency=rule.currency,
        tiers=tuple(
            _tier(tier.up_to_prompt_tokens, _prices(draft, tier.rates, rule.unit)) for tier in tiers
        ),
        origin=ORIGINS[rule.source.kind],
        agreed=draft.is_contract or UNSET,
    )


def _fee(draft: Draft, rule: FeeRule) -> FeeCard:
    return FeeCard(
        id=rule.id,
        matches=draft.matches,
        valid_from=rule.valid_from,
        valid_to=draft.valid_to,
        currency=rule.currency,
        rates=_rates(draft, rule.rates, rule.unit),
        origin=ORIGINS[rule.source.kind],
        agreed=draft.is_contract or UNSET,
    )


def _tier(up_to: int | None, prices: Mapping[Unit, Fraction]) -> RateTier:
    return RateTier(
        up_to=up_to,
        rates={unit: price.numerator for unit, price in prices.items()},
        per={unit: p.denominator for unit, p in prices.items() if p.denominator > 1},
    )


def _prices(draft: Draft, written: Mapping[Unit, str], per: str) -> dict[Unit, Fraction]:
    """Pico-units for one of each unit. Only a price per hour may end in a fraction: a token or a
    picture that costs one is a slip of the decimal point."""
    prices = {}
    for unit in sorted(written, key=_UNIT_ORDER.__getitem__):
        if (per == "hour") != (unit is Unit.AUDIO_MS):
            raise draft.refuse(f"{unit} is priced per {per}; an hour is the unit of audio_ms alone")
        for_all = Fraction(Decimal(written[unit])) * PICO_PER_UNIT
        prices[unit] = for_all / QUANTITY_PER_PRICE[per]
        whole = for_all if per == "hour" else prices[unit]
        if whole.denominator != 1:
            raise _off_grid(draft, written, per, unit)
    return prices


def _rates(draft: Draft, written: Mapping[Unit, str], per: str) -> dict[Unit, int]:
    """Pico-units for one of each unit, each a whole number."""
    prices = _prices(draft, written, per)
    for unit, price in prices.items():
        if price.denominator != 1:
            raise _off_grid(draft, written, per, unit)
    return {unit: int(price) for unit, price in prices.items()}


def _off_grid(draft: Draft, written: Mapping[Unit, str], per: str, unit: Unit) -> InvalidBook:
    return draft.refuse(
        f"{unit} = {written[unit]!r} per {per} is off the grid: one {unit} would cost a "
        f"fraction of 10^-{PICO_DIGITS}"
    )


def _modifier(draft: Draft, rule: ModifierRule) -> Modifier:
    modifier = Modifier(
        id=rule.id,
        kind=rule.kind,
        layer="charge" if isinstance(rule, MinimumRule) else rule.layer,
        order=rule.order,
        matches=draft.matches,
        valid_from=rule.valid_from,
        valid_to=draft.valid_to,
    )
    changes: dict[str, object]
    match rule:
        case MultiplyRule(factor=factor):
            fraction = _factor(draft, "factor", factor)
            changes = {
                "written": factor,
                "numerator": fraction.numerator,
                "denominator": fraction.denominator,
            }
        case FixedRule(rates=rates, unit=unit):
            changes = {"rates": _rates(draft, rates, unit)}
        case MinimumRule(amount=amount):
            changes = {"written": amount, "amount": _amount(draft, amount)}
        case ZeroRule(note=note):
            changes = {"note": note}
    return replace(modifier, **changes)


def _amount(draft: Draft, text: str) -> int:
    pico = Fraction(Decimal(text)) * PICO_PER_UNIT
    if pico.denominator != 1:
        raise draft.refuse(f"amount {text!r} has more than {PICO_DIGITS} decimals")
    return int(pico)


def _factor(draft: Draft, name: str, text: str) -> Fraction:
    value = Decimal(text)
    decimals = -int(value.as_tuple().exponent)
    if not 0 < value <= FACTOR_MAX or decimals > FACTOR_DECIMALS_MAX:
        raise draft.refuse(
            f"{name} {text!r} is out of range, expected above 0 and at most {FACTOR_MAX} "
            f"with {FACTOR_DECIMALS_MAX} decimals"
        )
    return Fraction(value)


def _fx(draft: Draft, rule: FxRule) -> FxRate:
    fraction = _factor(draft, "rate", rule.rate)
    return FxRate(
        id=rule.id,
        valid_from=rule.valid_from,
        valid_to=draft.valid_to,
        written=rule.rate,
        numerator=fraction.numerator,
        denominator=fraction.denominator,
    )


def _sources(drafts: Iterable[Draft]) -> dict[str, PriceSource]:
    return {
        draft.rule.id: PriceSource(
            rule_id=draft.rule.id,
            kind=draft.rule.source.kind,
            checked=draft.rule.source.checked.isoformat(),
            url=draft.rule.source.url,
            region=draft.rule.source.region,
            meters={unit.value: meter for unit, meter in draft.rule.source.meters.items()},
            version=draft.rule.source.version,
            note=draft.rule.note,
        )
        for draft in drafts
        if isinstance(draft.rule, BaseRule | FxRule | FeeRule)
    }
