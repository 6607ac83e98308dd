"""Usage objects of other providers' own APIs, said in OpenAI's form: Gemini, Bedrock, Cohere.

Each translation takes the fields it knows and leaves the rest to be named as unread.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pricing_rules.errors import InvalidUsage
from pricing_rules.provider_usage.fields import Fields, count, details
from pricing_rules.provider_usage.unread import Known

Translation = Callable[[Fields], dict[str, object]]

_MODALITIES = {"TEXT": "text_tokens", "AUDIO": "audio_tokens", "IMAGE": "image_tokens"}
# Google counts what it reads in a document or a film as images of it.
_MODALITIES |= {"DOCUMENT": "image_tokens", "VIDEO": "image_tokens"}


@dataclass(frozen=True, slots=True)
class OtherForm:
    """One provider's form."""

    marks: frozenset[str]
    """Any of these at the top level tells the form, unless it is null."""
    known: Known
    translate: Translation


def _gemini(usage: Fields) -> dict[str, object]:
    """Thinking and what tools put into the prompt are counted next to the parts."""
    thoughts, of_tools = count(usage, "thoughtsTokenCount"), count(usage, "toolUsePromptTokenCount")
    prompt = _modalities(usage, "promptTokensDetails", "toolUsePromptTokensDetails")
    if prompt and not usage.get("toolUsePromptTokensDetails"):
        prompt["text_tokens"] = count(prompt, "text_tokens") + of_tools
    cached = count(usage, "cachedContentTokenCount")
    if cached:
        prompt["cached_tokens"] = cached
    if split := _modalities(usage, "cacheTokensDetails"):
        prompt["cached_tokens_details"] = split
    answer = _modalities(usage, "candidatesTokensDetails")
    return {
        "prompt_tokens": count(usage, "promptTokenCount") + of_tools,
        "prompt_tokens_details": prompt,
        "completion_tokens": count(usage, "candidatesTokenCount") + thoughts,
        "completion_tokens_details": {**answer, "reasoning_tokens": thoughts},
        "total_tokens": count(usage, "totalTokenCount"),
    }


def _modalities(usage: Fields, *names: str) -> dict[str, object]:
    """`[{"modality": "TEXT", "tokenCount": 5}, …]` as OpenAI's details."""
    split: dict[str, object] = {}
    for name in names:
        for each in _list_of_objects(usage, name):
            modality = str(each.get("modality", "TEXT")).upper()
            # One that nobody knows has no reader: its tokens are named as unread.
            field = _MODALITIES.get(modality, f"{modality.lower()}_tokens")
            split[field] = count(split, field) + count(each, "tokenCount")
    return split


def _list_of_objects(usage: Fields, name: str) -> list[Fields]:
    value = usage.get(name)
    if value is None:
        return []
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise InvalidUsage(name, value, f"{name} is {value!r}, expected a list of objects")
    return list(value)


def _bedrock(usage: Fields) -> dict[str, object]:
    """Bedrock's Converse counts as Anthropic does: the input leaves cached tokens out. Its total
    may leave them out, too.
    """
    read, written = count(usage, "cacheReadInputTokens"), count(usage, "cacheWriteInputTokens")
    total = count(usage, "totalTokens")
    if total == count(usage, "inputTokens") + count(usage, "outputTokens"):
        total += read + written
    return {
        "prompt_tokens": count(usage, "inputTokens") + read + written,
        "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
        "completion_tokens": count(usage, "outputTokens"),
        "total_tokens": total,
    }


def _cohere(usage: Fields) -> dict[str, object]:
    """`billed_units` is what Cohere charges; `tokens` also counts what it adds to the prompt."""
    billed = details(usage, "billed_units")
    return {
        "prompt_tokens": count(billed, "input_tokens"),
        "completion_tokens": count(billed, "output_tokens"),
    }


_GEMINI_FIELDS = (
    "promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount",
    "cachedContentTokenCount", "totalTokenCount", "promptTokensDetails", "cacheTokensDetails",
    "candidatesTokensDetails", "toolUsePromptTokensDetails",
)  # fmt: skip
_BEDROCK_FIELDS = (
    "inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "cacheWriteInputTokens",
)  # fmt: skip
FORMS = (
    OtherForm(
        frozenset({"promptTokenCount", "candidatesTokenCount", "totalTokenCount"}),
        dict.fromkeys(_GEMINI_FIELDS),
        _gemini,
    ),
    OtherForm(frozenset({"inputTokens", "outputTokens"}), dict.fromkeys(_BEDROCK_FIELDS), _bedrock),
    OtherForm(
        frozenset({"billed_units"}),
        {
            "billed_units": dict.fromkeys(("input_tokens", "output_tokens")),
            "tokens": dict.fromkeys(("input_tokens", "output_tokens")),
        },
        _cohere,
    ),
)

_EVERY_MARK = frozenset[str]().union(*(form.marks for form in FORMS))


def other_form(usage: Fields) -> OtherForm | None:
    """The form that a field tells; None for OpenAI's and Anthropic's."""
    if _EVERY_MARK.isdisjoint(usage):
        return None
    said = {mark for mark in _EVERY_MARK if usage.get(mark) is not None}
    return next((form for form in FORMS if not form.marks.isdisjoint(said)), None)
