"""How FOCUS counts and prices our units."""

from dataclasses import dataclass

from pricing_rules.units import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class FocusUnit:
    """One unit in FOCUS's words."""

    meter: str
    """SkuMeter."""
    consumed: str
    """ConsumedUnit."""
    pricing: str
    """PricingUnit."""
    per_consumed: int = 1
    """Our counts in one consumed unit."""
    per_pricing: int = 1
    """Our counts in one pricing unit."""
    direction: str | None = None
    """Input or Output, for tokens."""
    cache: str | None = None
    """Read or Write, for prompt tokens that met a cache."""


def _tokens(meter: str, direction: str, cache: str | None = None) -> FocusUnit:
    return FocusUnit(
        meter=meter,
        consumed="Tokens",
        pricing="1000000 Tokens",
        per_pricing=1_000_000,
        direction=direction,
        cache=cache,
    )


FOCUS_UNITS: dict[Unit, FocusUnit] = {
    Unit.INPUT: _tokens("Input Tokens", "Input"),
    Unit.CACHE_READ: _tokens("Cached Input Tokens", "Input", "Read"),
    Unit.CACHE_WRITE_5M: _tokens("Cache Write Input Tokens", "Input", "Write"),
    Unit.CACHE_WRITE_1H: _tokens("Cache Write 1 Hour Input Tokens", "Input", "Write"),
    Unit.OUTPUT: _tokens("Output Tokens", "Output"),
    Unit.REASONING: _tokens("Reasoning Output Tokens", "Output"),
    Unit.INPUT_AUDIO: _tokens("Audio Input Tokens", "Input"),
    Unit.CACHE_READ_AUDIO: _tokens("Cached Audio Input Tokens", "Input", "Read"),
    Unit.OUTPUT_AUDIO: _tokens("Audio Output Tokens", "Output"),
    Unit.INPUT_IMAGE: _tokens("Image Input Tokens", "Input"),
    Unit.CACHE_READ_IMAGE: _tokens("Cached Image Input Tokens", "Input", "Read"),
    Unit.OUTPUT_IMAGE: _tokens("Image Output Tokens", "Output"),
    Unit.AUDIO_MS: FocusUnit(
        meter="Audio Time",
        consumed="Seconds",
        pricing="Seconds",
        per_consumed=1_000,
        per_pricing=1_000,
    ),
    Unit.IMAGE: FocusUnit(meter="Images", consumed="Images", pricing="Images"),
    Unit.WEB_SEARCH: FocusUnit(meter="Web Searches", consumed="Searches", pricing="Searches"),
    Unit.REQUEST: FocusUnit(meter="Requests", consumed="Requests", pricing="Requests"),
    Unit.PAGE: FocusUnit(meter="Pages", consumed="Pages", pricing="1000 Pages", per_pricing=1_000),
    Unit.VIDEO_SECOND: FocusUnit(meter="Video Time", consumed="Seconds", pricing="Seconds"),
    Unit.CHARACTER: FocusUnit(
        meter="Characters",
        consumed="Characters",
        pricing="1000000 Characters",
        per_pricing=1_000_000,
    ),
    Unit.RERANK_SEARCH: FocusUnit(
        meter="Rerank Searches", consumed="Searches", pricing="1000 Searches", per_pricing=1_000
    ),
    Unit.CODE_SESSION: FocusUnit(
        meter="Code Interpreter Sessions", consumed="Sessions", pricing="Sessions"
    ),
    Unit.ROUTER_INPUT: _tokens("Model Router Input Tokens", "Input"),
    Unit.FILE_SEARCH: FocusUnit(
        meter="File Searches", consumed="Searches", pricing="1000 Searches", per_pricing=1_000
    ),
}
