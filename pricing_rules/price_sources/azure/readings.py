"""What a meter of Azure's price list prices, read from its name by rules.

Every word of a name must be read: as part of a model's name or as a facet of the price. A word
that nothing reads, two readings, or a field of the row that says otherwise make the meter unread.
An unread meter is listed with the line of `meters.csv` that a person would complete.
"""

from collections.abc import Sequence

import msgspec

from pricing_rules.price_book.rules import DeploymentType, ServiceTier
from pricing_rules.price_sources.azure.spellings import (
    LONG_PROMPT_ABOVE,
    NAMED,
    Spelling,
    left_of,
    spellings_of,
)
from pricing_rules.price_sources.azure.words import (
    Facet,
    Said,
    prices_no_call,
    said_by,
    without_unit,
    words_of,
)
from pricing_rules.units import Unit

_TYPES = {
    ("global", True): DeploymentType.GLOBAL_BATCH,
    ("datazone", True): DeploymentType.DATA_ZONE_BATCH,
    ("global", False): DeploymentType.GLOBAL_STANDARD,
    ("datazone", False): DeploymentType.DATA_ZONE_STANDARD,
    ("regional", False): DeploymentType.STANDARD,
}
"""By where it runs, and whether the price is of batches."""
_UNITS = {
    ("input", None, "text"): Unit.INPUT,
    ("input", None, "audio"): Unit.INPUT_AUDIO,
    ("input", None, "image"): Unit.INPUT_IMAGE,
    ("input", "read", "text"): Unit.CACHE_READ,
    ("input", "read", "audio"): Unit.CACHE_READ_AUDIO,
    ("input", "read", "image"): Unit.CACHE_READ_IMAGE,
    ("input", "write", "text"): Unit.CACHE_WRITE_5M,
    ("output", None, "text"): Unit.OUTPUT,
    ("output", None, "audio"): Unit.OUTPUT_AUDIO,
    ("output", None, "image"): Unit.OUTPUT_IMAGE,
}


class PromptBand(msgspec.Struct, frozen=True):
    """Which prompts a meter is for. Both None: of any size."""

    up_to: int | None = None
    """Largest prompt, inclusive."""
    above: int | None = None
    """Largest prompt that another meter is for."""


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """What one meter prices: a unit of one model, on one type of deployment."""

    name: str
    model: str
    version: str | None
    deployment: DeploymentType
    service_tier: ServiceTier
    prompt_tokens: PromptBand
    unit: Unit
    family: str
    """Rule file that holds the model's prices."""
    doubt: str | None = None
    """What is not known of the meter, so that the whole price it belongs to is held back."""


class MeterName(msgspec.Struct, frozen=True, kw_only=True):
    """A meter as a row of the API names it."""

    meter: str
    product: str
    counted: str
    """Unit of measure: 1K or 1M."""
    sku: str = ""
    arm_sku: str = ""


class NoCall(msgspec.Struct, frozen=True):
    """A meter that prices no call of a model."""

    reason: str


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """A meter that no rule reads, or that reads in two ways."""

    meter: str
    reason: str
    line: str
    """For `meters.csv`, with what was read; a person completes it."""


class _NotRead(Exception):
    """Why the words make no meter."""


def read_meter(name: MeterName) -> tuple[Meter, ...] | NoCall | Unread:
    """What a meter prices: more than one model where the model table says so."""
    words = words_of(name.meter)
    if reason := prices_no_call(words):
        return NoCall(reason)
    kept, unit_word, noun = without_unit(words)
    spellings = spellings_of(kept, name.product)
    said = said_by(left_of(kept, spellings[0].words) or ()) if spellings else said_by(kept)
    try:
        _check(name, kept, unit_word, noun)
        if not spellings:
            raise _NotRead(f"no model of {name.product} is spelled {' '.join(said.rest)!r}")
        if said.contradiction:
            raise _NotRead(said.contradiction)
        return tuple(_meter(name, spelling, said) for spelling in spellings)
    except _NotRead as reason:
        line = _line(name, said, spellings[0] if spellings else None)
        return Unread(meter=name.meter, reason=str(reason), line=line)


def _check(name: MeterName, kept: Sequence[str], unit_word: str | None, noun: str) -> None:
    """The row's other fields say nothing else than the name."""
    if noun not in {"token", "tokens"}:
        raise _NotRead(f"it counts {noun}, not tokens")
    if unit_word and unit_word != name.counted:
        raise _NotRead(f"its name says {unit_word}, its unit of measure {name.counted}")
    if name.sku and words_of(name.sku) != kept:
        raise _NotRead(f"its skuName is {name.sku!r}")
    # The model's date is left out: Azure writes "o1 1216" of the meter "o1 1217".
    arm = said_by(words_of(name.arm_sku)).meanings - said_by(kept).meanings
    if arm:
        facets = ", ".join(sorted(f"{facet} {value}" for facet, value in arm))
        raise _NotRead(f"its armSkuName {name.arm_sku!r} says {facets}")


def _meter(name: MeterName, spelling: Spelling, said: Said) -> Meter:
    tier = ServiceTier(said.get(Facet.TIER) or "default")
    band, doubt = _band(spelling.model, said.get(Facet.PROMPT))
    return Meter(
        name=name.meter,
        model=spelling.model + ("-ft" if said.get(Facet.TUNED) else ""),
        version=spelling.version,
        deployment=_deployment(spelling, said, tier),
        service_tier=tier,
        prompt_tokens=band,
        unit=_unit(spelling, said),
        family=spelling.family,
        doubt=doubt,
    )


def _deployment(spelling: Spelling, said: Said, tier: ServiceTier) -> DeploymentType:
    place = said.get(Facet.PLACE)
    if said.get(Facet.HOST):
        if not said.get(Facet.TUNED) or place != "global" or tier is not ServiceTier.DEFAULT:
            raise _NotRead("developer hosting is known of fine-tuned global models alone")
        return DeploymentType.DEVELOPER
    if place is None:
        if spelling.deployment is None or tier is not ServiceTier.DEFAULT:
            raise _NotRead("it names no deployment type")
        return spelling.deployment
    found = _TYPES.get((place, tier is ServiceTier.BATCH))
    if found is None:
        raise _NotRead(f"a {tier} price of a {place} deployment is not known")
    return found


def _unit(spelling: Spelling, said: Said) -> Unit:
    cache = said.get(Facet.CACHE)
    # "cached" alone is of the prompt: nothing else is cached.
    direction = said.get(Facet.DIRECTION) or ("input" if cache else spelling.direction)
    if direction is None:
        raise _NotRead("it names no direction: input or output")
    modality = said.get(Facet.MODALITY) or spelling.modality or "text"
    if modality == NAMED:
        raise _NotRead("it names no modality: text, audio or image")
    unit = _UNITS.get((direction, cache, modality))
    if unit is None:
        raise _NotRead(f"{modality} {direction} with a cache {cache} is no unit")
    return unit


def _band(model: str, prompts: str | None) -> tuple[PromptBand, str | None]:
    if prompts is None:
        return PromptBand(), None
    bound = LONG_PROMPT_ABOVE.get(model)
    if bound is None:
        return PromptBand(), f"which prompts of {model} are {prompts} is not known"
    return (PromptBand(above=bound) if prompts == "long" else PromptBand(up_to=bound)), None


def _line(name: MeterName, said: Said, spelling: Spelling | None) -> str:
    """The line of `meters.csv` with what was read of it."""
    fields = (
        name.meter,
        spelling.model if spelling else "",
        (spelling.version or "") if spelling else "",
        "",
        said.get(Facet.TIER) or "default",
        "",
        "",
        spelling.family if spelling else "",
        "",
    )
    return ",".join(f'"{field}"' if "," in field else field for field in fields)
