"""The usage objects of every model API, brought to disjoint counts per unit.

Owns both conventions: OpenAI's prompt count includes cached tokens, Anthropic's excludes them.
A contradiction is an error that names both numbers; nothing is clamped.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal

from pricing_rules.errors import InvalidUsage
from pricing_rules.types import Operation, Usage
from pricing_rules.units import Unit

COUNT_MAX = 10**12
"""A larger count is a broken report, not a call: the largest prompts have some million tokens."""

_NOTHING: Mapping[str, object] = {}
_MILLISECOND = Decimal("0.001")
# A context of our own: the caller's may round a duration to fewer digits.
_TO_MILLISECONDS = Context(prec=28, rounding=ROUND_HALF_EVEN)

# Where the split of a count is missing, all of it is what the operation is about.
_PLAIN_INPUT = {Operation.AUDIO_TRANSCRIPTIONS: Unit.INPUT_AUDIO}
_PLAIN_OUTPUT = {Operation.IMAGES: Unit.OUTPUT_IMAGE, Operation.AUDIO_SPEECH: Unit.OUTPUT_AUDIO}


def is_anthropic(operation: str | None, names: Iterable[str | None]) -> bool:
    """Whether a call went to a model of Anthropic, by its API or by any name of the model."""
    if operation == Operation.MESSAGES:
        return True
    return any("claude" in name.lower() for name in names if name)


def normalise(operation: Operation, usage: Mapping[str, object]) -> Usage:
    """The disjoint counts of a model's usage object. InvalidUsage when it contradicts itself."""
    if operation is Operation.MESSAGES:
        return _anthropic(usage)
    if usage.get("type") == "duration":
        return _usage({Unit.AUDIO_MS: _milliseconds(usage.get("seconds"))})
    return _openai(operation, usage)


def _openai(operation: Operation, usage: Mapping[str, object]) -> Usage:
    prompt = _either(usage, "prompt_tokens", "input_tokens")
    completion = _either(usage, "completion_tokens", "output_tokens")
    counts = _prompt(
        prompt,
        _details(usage, "prompt_tokens_details", "input_tokens_details", "input_token_details"),
        _PLAIN_INPUT.get(operation, Unit.INPUT),
    )
    details = _details(
        usage, "completion_tokens_details", "output_tokens_details", "output_token_details"
    )
    reasoning = _count(details, "reasoning_tokens")
    if _reasoning_is_extra(usage, prompt + completion, reasoning):
        completion += reasoning
    plain = _PLAIN_OUTPUT.get(operation, Unit.OUTPUT)
    _completion(counts, completion, details=details, plain=plain)
    if reasoning > counts.get(Unit.OUTPUT, 0):
        raise _contradiction(
            "reasoning_tokens", reasoning, "output text tokens", counts.get(Unit.OUTPUT, 0)
        )
    return _usage(counts, reasoning)


def _prompt(prompt: int, details: Mapping[str, object], plain: Unit) -> dict[Unit, int]:
    if not details:
        return {plain: prompt}
    audio = _count(details, "audio_tokens")
    image = _count(details, "image_tokens")
    if audio or image:
        plain = Unit.INPUT
    text = _text_part(
        "prompt", prompt, other=audio + image, stated_text=_count(details, "text_tokens")
    )
    cached = _count(details, "cached_tokens")
    split = _details(details, "cached_tokens_details") if cached else _NOTHING
    cached_audio = _count(split, "audio_tokens")
    cached_image = _count(split, "image_tokens")
    cached_text = cached - cached_audio - cached_image
    if split and cached_text != _count(split, "text_tokens"):
        stated = _count(split, "text_tokens") + cached_audio + cached_image
        raise _contradiction("cached_tokens", cached, "sum of cached_tokens_details", stated, "≠")
    written = _count(details, "cache_write_tokens")
    if cached > prompt:
        raise _contradiction("cached_tokens", cached, "prompt tokens", prompt)
    if cached_text + written > text:
        field = "cached_tokens + cache_write_tokens" if written else "cached_tokens"
        raise _contradiction(field, cached_text + written, "prompt text tokens", text)
    if cached_audio > audio:
        raise _contradiction("cached audio_tokens", cached_audio, "prompt audio_tokens", audio)
    if cached_image > image:
        raise _contradiction("cached image_tokens", cached_image, "prompt image_tokens", image)
    return {
        plain: text - cached_text - written,
        Unit.CACHE_READ: cached_text,
        Unit.CACHE_WRITE_5M: written,
        **({Unit.INPUT_AUDIO: audio - cached_audio} if audio else {}),
        Unit.CACHE_READ_AUDIO: cached_audio,
        Unit.INPUT_IMAGE: image - cached_image,
        Unit.CACHE_READ_IMAGE: cached_image,
    }


def _completion(
    counts: dict[Unit, int], completion: int, *, details: Mapping[str, object], plain: Unit
) -> None:
    audio = _count(details, "audio_tokens")
    image = _count(details, "image_tokens")
    stated_text = _count(details, "text_tokens")
    text = _text_part("completion", completion, other=audio + image, stated_text=stated_text)
    if audio or image or stated_text:
        plain = Unit.OUTPUT
        counts[Unit.OUTPUT_AUDIO] = audio
        counts[Unit.OUTPUT_IMAGE] = image
    counts[plain] = counts.get(plain, 0) + text


def _text_part(name: str, whole: int, *, other: int, stated_text: int) -> int:
    """What is left of a count beside audio and image. A stated text part must agree with it."""
    if other > whole:
        raise _contradiction(f"{name} audio + image tokens", other, f"{name} tokens", whole)
    if stated_text and stated_text + other != whole:
        raise _contradiction(
            f"{name} text + audio + image tokens", stated_text + other, f"{name} tokens", whole, "≠"
        )
    return whole - other


def _reasoning_is_extra(usage: Mapping[str, object], parts: int, reasoning: int) -> bool:
    """Whether the completion count leaves reasoning out, as Grok's does; only the total tells.

    Prompt 100, completion 60, reasoning 50: with a total of 160 the 60 hold the 50, with 210 not.
    """
    total = _count(usage, "total_tokens")
    if total in (0, parts):
        return False
    if reasoning and total == parts + reasoning:
        return True
    raise _contradiction("total_tokens", total, "prompt + completion tokens", parts, "≠")


def _anthropic(usage: Mapping[str, object]) -> Usage:
    created = _count(usage, "cache_creation_input_tokens")
    split = _details(usage, "cache_creation")
    hour = _count(split, "ephemeral_1h_input_tokens")
    five_minutes = _count(split, "ephemeral_5m_input_tokens")
    if not split:
        five_minutes = created
    elif created and hour + five_minutes != created:
        raise _contradiction(
            "cache_creation_input_tokens",
            created,
            "sum of cache_creation",
            hour + five_minutes,
            "≠",
        )
    output = _count(usage, "output_tokens")
    details = _details(usage, "output_tokens_details")
    reasoning = _count(details, "reasoning_tokens") or _count(details, "thinking_tokens")
    if reasoning > output:
        raise _contradiction("reasoning_tokens", reasoning, "output_tokens", output)
    counts = {
        Unit.INPUT: _count(usage, "input_tokens"),
        Unit.CACHE_READ: _count(usage, "cache_read_input_tokens"),
        Unit.CACHE_WRITE_5M: five_minutes,
        Unit.CACHE_WRITE_1H: hour,
        Unit.OUTPUT: output,
        Unit.WEB_SEARCH: _count(_details(usage, "server_tool_use"), "web_search_requests"),
    }
    return _usage(counts, reasoning)


def _usage(counts: dict[Unit, int], reasoning: int = 0) -> Usage:
    return Usage(
        counts={unit: count for unit, count in counts.items() if count}, reasoning=reasoning
    )


def _either(usage: Mapping[str, object], field: str, other_field: str) -> int:
    """A count that goes by two names. Both at once must agree."""
    if field not in usage:
        return _count(usage, other_field)
    count = _count(usage, field)
    if usage.get(other_field) is not None and _count(usage, other_field) != count:
        raise _contradiction(field, count, other_field, _count(usage, other_field), "≠")
    return count


def _details(usage: Mapping[str, object], *fields: str) -> Mapping[str, object]:
    """The first of these objects that is present; absent and null are the same."""
    for field in fields:
        value = usage.get(field)
        if value is None:
            continue
        if not isinstance(value, Mapping):
            raise InvalidUsage(field, value, f"{field} is {value!r}, expected an object or null")
        return value
    return _NOTHING


def _count(usage: Mapping[str, object], field: str) -> int:
    value = usage.get(field)
    if type(value) is int and 0 <= value <= COUNT_MAX:
        return value
    if value is None:
        return 0
    raise InvalidUsage(
        field, value, f"{field} is {value!r}, expected an integer from 0 to {COUNT_MAX}"
    )


def _milliseconds(seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | Decimal):
        raise InvalidUsage("seconds", seconds, f"seconds is {seconds!r}, expected a number")
    exact = Decimal(repr(seconds)) if isinstance(seconds, float) else Decimal(seconds)
    if not exact.is_finite() or not 0 <= exact <= COUNT_MAX // 1000:
        raise InvalidUsage(
            "seconds", seconds, f"seconds is {seconds!r}, expected 0 to {COUNT_MAX // 1000}"
        )
    return int(exact.quantize(_MILLISECOND, context=_TO_MILLISECONDS).scaleb(3, _TO_MILLISECONDS))


def _contradiction(
    field: str, value: int, other_field: str, other: int, relation: str = ">"
) -> InvalidUsage:
    return InvalidUsage(field, value, f"{field} ({value}) {relation} {other_field} ({other})")
