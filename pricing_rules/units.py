"""The closed set of things that are counted and priced. Units of one call are disjoint."""

from enum import StrEnum


class Unit(StrEnum):
    """What a quantity counts. Tokens unless the name says otherwise; each token is in one unit."""

    INPUT = "input"
    """Prompt text read at the full price: not cached or written to a cache, no audio or image."""
    CACHE_READ = "cache_read"
    """Prompt text read from the provider's prompt cache."""
    CACHE_WRITE_5M = "cache_write_5m"
    """Prompt text written to the cache for the provider's default (shortest) time to live."""
    CACHE_WRITE_1H = "cache_write_1h"
    """Prompt text written to the cache for one hour."""
    OUTPUT = "output"
    """Completion text, reasoning included unless a rule prices it by itself."""
    REASONING = "reasoning"
    """Completion tokens of hidden reasoning: a charge only where a rule prices them apart."""
    INPUT_AUDIO = "input_audio"
    CACHE_READ_AUDIO = "cache_read_audio"
    OUTPUT_AUDIO = "output_audio"
    INPUT_IMAGE = "input_image"
    CACHE_READ_IMAGE = "cache_read_image"
    OUTPUT_IMAGE = "output_image"
    AUDIO_MS = "audio_ms"
    """Milliseconds of audio, for models that are priced by time."""
    IMAGE = "image"
    """Whole pictures, for models that are priced by picture."""
    WEB_SEARCH = "web_search"
    """Searches that the model's server ran."""
    REQUEST = "request"
    """Calls, for a price per call."""
    PAGE = "page"
    """Pages of a document that the model read, for models that are priced by page."""
    VIDEO_SECOND = "video_second"
    """Seconds of video made, for models that are priced by the length of it."""
    CHARACTER = "character"
    """Characters of text that were spoken, for models that are priced by text length."""
    RERANK_SEARCH = "rerank_search"
    """Searches whose results a rerank model sorted."""
    CODE_SESSION = "code_session"
    """Sessions of the code interpreter that the model's server opened."""
    ROUTER_INPUT = "router_input"
    """Prompt tokens that a model router read: its fee, next to the price of the routed model."""
    FILE_SEARCH = "file_search"
    """Searches in a store of files that the model's server ran."""


OUTPUT_UNITS = frozenset({Unit.OUTPUT, Unit.REASONING, Unit.OUTPUT_AUDIO, Unit.OUTPUT_IMAGE})
"""What a model counts as output."""
PROMPT_UNITS = frozenset(
    {
        Unit.INPUT,
        Unit.CACHE_READ,
        Unit.CACHE_WRITE_5M,
        Unit.CACHE_WRITE_1H,
        Unit.INPUT_AUDIO,
        Unit.CACHE_READ_AUDIO,
        Unit.INPUT_IMAGE,
        Unit.CACHE_READ_IMAGE,
    }
)
"""The units that make up the whole prompt; their sum chooses the context tier."""

MODALITY_UNITS = frozenset(
    {
        Unit.INPUT_AUDIO,
        Unit.CACHE_READ_AUDIO,
        Unit.OUTPUT_AUDIO,
        Unit.INPUT_IMAGE,
        Unit.CACHE_READ_IMAGE,
        Unit.OUTPUT_IMAGE,
    }
)
"""Tokens that are not text: their price is another one, and some sources count all as one."""

TOOL_UNITS = frozenset({Unit.WEB_SEARCH, Unit.FILE_SEARCH, Unit.CODE_SESSION})
"""What tools of the model's server cost next to its tokens."""
