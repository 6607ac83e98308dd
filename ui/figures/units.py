"""Which units of usage are tokens, and which of them are prompt, cached or output."""

PROMPT_UNITS = (
    "input",
    "cache_read",
    "cache_write_5m",
    "cache_write_1h",
    "input_audio",
    "cache_read_audio",
    "input_image",
    "cache_read_image",
)
CACHED_UNITS = ("cache_read", "cache_read_audio", "cache_read_image")
OUTPUT_UNITS = ("output", "reasoning", "output_audio", "output_image")
NOT_TOKENS = (
    "request",
    "image",
    "web_search",
    "audio_ms",
    "page",
    "video_second",
    "character",
    "rerank_search",
    "code_session",
    "router_input",
    "file_search",
)
"""Units that count no tokens, or tokens that another unit counts already (a router's fee)."""


def tokens(units: dict[str, int]) -> int:
    return sum(count for name, count in units.items() if name not in NOT_TOKENS)


def count_of(units: dict[str, int], names: tuple[str, ...]) -> int:
    return sum(units.get(name, 0) for name in names)
