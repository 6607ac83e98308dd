"""litellm's price map → what each of its entries for Azure says, exactly.

Owns the meaning of its field names. A field that nothing here reads is named with the reason.
"""

import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Mapping
from decimal import Context, Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from pricing_rules.errors import InvalidPriceSource
from pricing_rules.price_book.rules import ServiceTier
from pricing_rules.price_sources.proposals import Rates, Tiers
from pricing_rules.price_sources.quotes.litellm_names import is_router
from pricing_rules.units import Unit

PROVIDERS = frozenset({"azure", "azure_ai", "azure_text"})
TEXT_MODES = frozenset({"chat", "responses", "completion"})
"""Modes whose calls have both a prompt and a completion."""
_TOKEN_PRICE_MAX = Decimal("0.001")
"""1,000 dollars for a million tokens; a price above it is a slip of its unit."""
_EXACT = Context(prec=60)
_MILLION = Decimal(1_000_000)
_SECONDS_PER_HOUR = Decimal(3_600)
_SECOND_DIGITS_EXACT = 9
"""Decimals of a price per second that makes whole pico-units for a millisecond."""
_HOUR_STEP = Decimal("0.0001")
"""Prices per hour have no finer step. With steps of a millionth, most prices per second of ten
decimals would be the rounded form of some hour, although they are exact."""
_HOURS_PER_MILLION = Fraction(10, 36)
"""Hours in a million milliseconds."""
_UNITS: dict[str, tuple[Unit, Decimal]] = {
    "input_cost_per_token": (Unit.INPUT, _MILLION),
    "output_cost_per_token": (Unit.OUTPUT, _MILLION),
    "output_cost_per_reasoning_token": (Unit.REASONING, _MILLION),
    "cache_read_input_token_cost": (Unit.CACHE_READ, _MILLION),
    "cache_creation_input_token_cost": (Unit.CACHE_WRITE_5M, _MILLION),
    "cache_creation_input_token_cost_above_1hr": (Unit.CACHE_WRITE_1H, _MILLION),
    "input_cost_per_audio_token": (Unit.INPUT_AUDIO, _MILLION),
    "cache_read_input_audio_token_cost": (Unit.CACHE_READ_AUDIO, _MILLION),
    "output_cost_per_audio_token": (Unit.OUTPUT_AUDIO, _MILLION),
    "input_cost_per_image_token": (Unit.INPUT_IMAGE, _MILLION),
    "cache_read_input_image_token_cost": (Unit.CACHE_READ_IMAGE, _MILLION),
    "output_cost_per_image_token": (Unit.OUTPUT_IMAGE, _MILLION),
    "input_cost_per_second": (Unit.AUDIO_MS, Decimal(1_000)),
    "output_cost_per_image": (Unit.IMAGE, _MILLION),
    "output_cost_per_video_per_second": (Unit.VIDEO_SECOND, _MILLION),
    "input_cost_per_character": (Unit.CHARACTER, _MILLION),
    "input_cost_per_query": (Unit.RERANK_SEARCH, _MILLION),
    "ocr_cost_per_page": (Unit.PAGE, _MILLION),
}
"""Unit of a field, and how many of its prices make one per million."""
_FEES = {"code_interpreter_cost_per_session": Unit.CODE_SESSION}
_UNREAD = {
    "annotation_cost_per_page": "no usage object counts annotated pages",
    "cache_creation_input_audio_token_cost": "no usage object counts cache writes of audio",
    "input_cost_per_pixel": "a price per pixel: calls report no size",
    "output_cost_per_pixel": "a price per pixel: calls report no size",
    "output_cost_per_second": "time is charged once, by the input's price or by tokens",
}
_UNKNOWN = "no such price is known, and it may change the others: the entry makes no rule"
_CACHED = "cache_read_input_token_cost"
_SEARCH = "search_context_cost_per_query"
_PRICE = re.compile(r"cost|price|pricing|multiplier|uplift|fee(?:_|$)")
"""What the name of a price contains; other fields say what a model can do."""
_TIERS = {
    None: ServiceTier.DEFAULT,
    "batches": ServiceTier.BATCH,
    "flex": ServiceTier.FLEX,
    "priority": ServiceTier.PRIORITY,
}
_FIELD = re.compile(
    r"(?P<base>.+?)(?:_above_(?P<thousands>\d+)k_tokens)?(?:_(?P<tier>batches|flex|priority))?"
)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the map."""

    key: str
    mode: str
    url: str | None
    tiers: Mapping[ServiceTier, Tiers]
    """Prices per million by service tier."""
    fees: Rates = {}
    """Prices per million of what is charged on top of a model's price."""
    unread: tuple[tuple[str, str], ...]
    """(field, reason) of each price that is not among `tiers`."""
    names_cached: bool = False
    """Whether it says anything of cached tokens, also what makes no price."""

    @property
    def evidence(self) -> int:
        """How good its source is: none, somebody's page, Azure's own price list."""
        if self.url is None:
            return 0
        return 2 if self.url.startswith("https://prices.azure.com/") else 1


def packaged_price_map() -> tuple[Path, str]:
    """The map of the installed litellm and its release. The package is not imported."""
    found = importlib.util.find_spec("litellm")
    if found is None or found.origin is None:
        raise InvalidPriceSource(
            "litellm is not installed: name a file with its price map, or install it"
        )
    path = Path(found.origin).with_name("model_prices_and_context_window_backup.json")
    return path, importlib.metadata.version("litellm")


def read_price_map(path: Path) -> dict[str, dict[str, object]]:
    """The entries for Azure by name. Numbers are decimals, exactly as they are written."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except OSError as error:
        raise InvalidPriceSource(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidPriceSource(f"{path}: is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise InvalidPriceSource(f"{path}: expected an object of models")
    entries = {
        key: fields
        for key, fields in document.items()
        if isinstance(fields, dict) and fields.get("litellm_provider") in PROVIDERS
    }
    if not entries:
        raise InvalidPriceSource(f"{path}: has no model of {', '.join(sorted(PROVIDERS))}")
    return entries


class _Reading(msgspec.Struct):
    """An entry while its fields are read."""

    found: dict[ServiceTier, dict[int | None, Rates]] = {}
    fees: Rates = {}
    unread: list[tuple[str, str]] = []
    held_back: dict[ServiceTier, str] = {}
    """Tiers without a rule, by the field that may change what is read of them."""
    whole: bool = True
    """Whether the meaning of each field is known."""

    def read(self, name: str, value: object, *, router: bool) -> None:
        """One field that is a price."""
        base, above, tier = _parts(name)
        if base not in _UNITS and base not in _FEES:
            self.whole = self.whole and base in _UNREAD
            self.unread.append((name, _UNREAD.get(base, _UNKNOWN)))
            return
        price = _decimal(value)
        if price is None or (reason := _why_unread(base, price)) is not None:
            reason = f"{value!r} is no number from 0 on" if price is None else reason or ""
            self.unread.append((name, reason))
            # Without its prices of long prompts a tier would charge them as short ones.
            if above is not None or (price is None and value is not None):
                self.held_back[tier] = name
        elif base in _FEES or (base == "input_cost_per_token" and router):
            self.fees[_FEES.get(base, Unit.ROUTER_INPUT)] = _EXACT.multiply(price, _MILLION)
        else:
            unit, scale = _UNITS[base]
            rates = self.found.setdefault(tier, {}).setdefault(above, {})
            rates[unit] = _EXACT.multiply(price, scale)
            if unit is Unit.AUDIO_MS and (hour := _per_hour(price)) is not None:
                rates[unit] = hour * _HOURS_PER_MILLION

    def tiers(self, mode: str, search: Decimal | None) -> dict[ServiceTier, Tiers]:
        """What is read of each tier, unless something of it is missing or in doubt."""
        tiers = {}
        for tier, bands in self.found.items():
            reason = _incomplete(mode, bands) or _in_doubt(bands)
            if tier in self.held_back:
                reason = f"{self.held_back[tier]} is unread"
            if reason:
                self.unread.append((f"prices of the {tier} tier", reason))
            else:
                tiers[tier] = _in_bands(bands, search)
        return tiers


def read_entry(key: str, fields: Mapping[str, object]) -> Entry:
    """What one entry says. An entry with a field whose meaning is not known makes no price."""
    reading = _Reading()
    for name, value in sorted(fields.items()):
        if name != _SEARCH and _PRICE.search(name):
            reading.read(name, value, router=is_router(key))
    search = _per_search(fields.get(_SEARCH))
    if isinstance(search, str):
        reading.unread.append((_SEARCH, search))
    mode, url = str(fields.get("mode")), fields.get("source")
    tiers = reading.tiers(mode, search if isinstance(search, Decimal) else None)
    return Entry(
        key=key,
        mode=mode,
        url=str(url) if url else None,
        tiers=tiers if reading.whole else {},
        fees=reading.fees if reading.whole else {},
        unread=tuple(reading.unread),
        names_cached=any(
            name.startswith(_CACHED) and value is not None for name, value in fields.items()
        ),
    )


def _parts(name: str) -> tuple[str, int | None, ServiceTier]:
    """A field's base name, the prompt size that its price is above, and its service tier."""
    match = _FIELD.fullmatch(name)
    if match is None:
        return name, None, ServiceTier.DEFAULT
    above = int(match["thousands"]) * 1_000 if match["thousands"] else None
    return match["base"], above, _TIERS[match["tier"]]


def _why_unread(base: str, price: Decimal) -> str | None:
    """Why a field makes no price; None when it does."""
    if price == 0:
        return "0 is no price; what is free has a rule of kind zero"
    if price > _TOKEN_PRICE_MAX and "token" in base:
        return f"{price:f} for a token: no model costs so much"
    return None


def _decimal(value: object) -> Decimal | None:
    """The number, if it can be a price."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value < 0:
        return None
    return Decimal(value)


def _per_hour(per_second: Decimal) -> Fraction | None:
    """The price per hour, to _HOUR_STEP, of which a price per second is the rounded form: 1.02 of
    0.000283333333333. None where the price per second is exact as it is, or of another price."""
    digits = -int(per_second.as_tuple().exponent)
    if digits <= _SECOND_DIGITS_EXACT:
        return None
    hour = _EXACT.multiply(per_second, _SECONDS_PER_HOUR).quantize(_HOUR_STEP, context=_EXACT)
    second = _EXACT.divide(hour, _SECONDS_PER_HOUR)
    rounded = second.quantize(Decimal(1).scaleb(-digits), context=_EXACT)
    return Fraction(hour) if rounded == per_second else None


def _per_search(value: object) -> Decimal | str | None:
    """The price of a million searches where all sizes of the context cost the same."""
    if value is None:
        return None
    by_size = list(value.values()) if isinstance(value, Mapping) else [value]
    prices = {price for each in by_size if (price := _decimal(each))}
    if len(prices) > 1:
        return "searches of several prices: calls do not report the size of the search's context"
    if not prices or not all(_decimal(each) for each in by_size):
        return "a search without a price above 0"
    return _EXACT.multiply(prices.pop(), _MILLION)


def _incomplete(mode: str, bands: Mapping[int | None, Rates]) -> str | None:
    """Why a tier's prices are not enough for a call of the default prompt size."""
    needed = [Unit.INPUT, Unit.OUTPUT] if mode in TEXT_MODES else []
    missing = [unit for unit in needed if unit not in bands.get(None, {})]
    if missing and mode in TEXT_MODES:
        return f"it has no price for {' and '.join(missing)}"
    return None if None in bands else "it has only prices of long prompts"


def _in_doubt(bands: Mapping[int | None, Rates]) -> str | None:
    """Why a tier's prices contradict each other, or fit into no rule."""
    for rates in bands.values():
        if Unit.AUDIO_MS in rates and len(rates) > 1:
            return "it has prices per second next to others, and calls are charged by one of them"
        plain = rates.get(Unit.INPUT)
        if plain is not None and rates.get(Unit.CACHE_READ, plain) > plain:
            return "reading a cache costs more than the prompt"
    return None


def _in_bands(bands: Mapping[int | None, Rates], search: Decimal | None) -> Tiers:
    """Prices above a size hold from the next token on: that size is the last of the band before."""
    searches: Rates = {} if search is None else {Unit.WEB_SEARCH: search}
    bounds = sorted(above for above in bands if above is not None)
    starts: list[int | None] = [None, *bounds]
    ends: list[int | None] = [*bounds, None]
    return tuple((end, bands[start] | searches) for start, end in zip(starts, ends, strict=True))
