"""Usage objects of OpenAI's form: the prompt count includes cached tokens.

Chat, Responses, embeddings, images, audio and realtime share it, and so do DeepSeek, Grok, Mistral,
Moonshot and Gemini's OpenAI endpoint, each with fields of its own.
"""

from pricing_rules.provider_usage.fields import (
    NOTHING,
    Fields,
    contradiction,
    count,
    details,
    either,
    milliseconds,
)
from pricing_rules.provider_usage.unread import Known
from pricing_rules.types import Operation
from pricing_rules.units import Unit

PROMPT = ("prompt_tokens", "input_tokens")
COMPLETION = ("completion_tokens", "output_tokens")
PROMPT_DETAILS = (
    "prompt_tokens_details", "input_tokens_details", "input_token_details", "prompt_token_details",
)  # fmt: skip
COMPLETION_DETAILS = (
    "completion_tokens_details", "output_tokens_details", "output_token_details",
)  # fmt: skip
CACHED = (
    "cached_tokens", "cache_read_input_tokens", "prompt_cache_hit_tokens", "num_cached_tokens",
)  # fmt: skip
"""At the top level: Moonshot's, what proxies add, DeepSeek's, Mistral's."""
WRITTEN = ("cache_write_tokens", "cache_creation_tokens")

_TOOLS = "server_side_tool_usage_details"
_SPLIT: Known = dict.fromkeys(("text_tokens", "audio_tokens", "image_tokens"))
_PROMPT_KNOWN: Known = {
    **_SPLIT, **dict.fromkeys(("cached_tokens", *WRITTEN)), "cached_tokens_details": _SPLIT,
}  # fmt: skip
_COMPLETION_KNOWN: Known = {**_SPLIT, "reasoning_tokens": None}
_CORE: Known = {
    **dict.fromkeys((*PROMPT, *COMPLETION, "total_tokens", "service_tier", "excludes")),
    **dict.fromkeys(PROMPT_DETAILS, _PROMPT_KNOWN),
    **dict.fromkeys(COMPLETION_DETAILS, _COMPLETION_KNOWN),
}
_MORE: Known = dict.fromkeys(
    (*CACHED, "cache_creation_input_tokens", "prompt_cache_miss_tokens", "prompt_audio_seconds",
     "reasoning_tokens", "seconds"),
)  # fmt: skip

# An enum's member takes a tenth of a microsecond to look up.
_INPUT, _CACHE_READ, _CACHE_WRITE, _OUTPUT = (
    Unit.INPUT, Unit.CACHE_READ, Unit.CACHE_WRITE_5M, Unit.OUTPUT,
)  # fmt: skip

# Where the split of a count is missing, all of it is what the operation is about.
_PLAIN_INPUT = {Operation.AUDIO_TRANSCRIPTIONS: Unit.INPUT_AUDIO}
_PLAIN_OUTPUT = {Operation.IMAGES: Unit.OUTPUT_IMAGE, Operation.AUDIO_SPEECH: Unit.OUTPUT_AUDIO}
_MAY_THINK = frozenset(
    {Operation.CHAT_COMPLETIONS, Operation.COMPLETIONS, Operation.RESPONSES, Operation.MESSAGES}
)


class OpenAIUsage:
    """One usage object while it is read."""

    def __init__(self, operation: Operation, usage: Fields) -> None:
        self.usage = usage
        self.operation = operation
        self.counts: dict[Unit, int] = {}
        self.reasoning = 0
        self.unsplit_cache = False
        """Cached tokens of a prompt of several modalities, and nobody says of which."""
        self.passes: tuple[int, int] | None = None
        """Nobody says how many passes an answer of this form took."""
        self._core = usage.keys() <= _CORE.keys()
        """Whether it is of OpenAI's own form, as nearly always: nothing else is looked for."""

    @property
    def known(self) -> Known:
        """The fields that `read` takes."""
        if self._core:
            return _CORE
        usage = self.usage
        known = {**_CORE, **_MORE}
        if _TOOLS in usage:
            known[_TOOLS] = {"web_search_calls": None}
        if count(details(usage, _TOOLS), "web_search_calls"):
            # Of the searches only the number of calls is billed, not what they found.
            known |= {"num_sources_used": None, "num_server_side_tools_used": None}
        if count(usage, "total_tokens"):
            known["tool_use_prompt_tokens"] = None  # the total says whether the prompt has them
        if usage.get("type") in ("tokens", "duration"):
            known["type"] = None
        return known

    def read(self) -> None:
        """Fill the counts. Contradiction or InvalidUsage names the field."""
        usage = self.usage
        prompt, completion = either(usage, *PROMPT), either(usage, *COMPLETION)
        of_prompt, of_completion = (
            details(usage, *PROMPT_DETAILS),
            details(usage, *COMPLETION_DETAILS),
        )
        self.reasoning = count(of_completion, "reasoning_tokens")
        if not self._core:
            outer = count(usage, "reasoning_tokens")
            self.reasoning = _one_of("reasoning_tokens", self.reasoning, outer)
            self._read_others()
        prompt, completion = self._with_rest_of_total(
            prompt, completion, of_prompt=of_prompt, of_completion=of_completion
        )
        self._read_prompt(prompt, of_prompt)
        self._read_completion(completion, of_completion)
        output = self.counts.get(_OUTPUT, 0)
        if self.reasoning > output:
            raise contradiction("reasoning_tokens", self.reasoning, "output text tokens", output)

    def _read_others(self) -> None:
        """What is counted by the second or by the call."""
        usage = self.usage
        if usage.get("type") == "duration" or usage.get("seconds") is not None:
            self._add(Unit.AUDIO_MS, milliseconds(usage, "seconds"))
        if usage.get("prompt_audio_seconds") is not None:
            self._add(Unit.AUDIO_MS, milliseconds(usage, "prompt_audio_seconds"))
        self._add(Unit.WEB_SEARCH, count(details(usage, _TOOLS), "web_search_calls"))

    def _add(self, unit: Unit, quantity: int) -> None:
        if quantity:
            self.counts[unit] = self.counts.get(unit, 0) + quantity

    def _with_rest_of_total(
        self, prompt: int, completion: int, *, of_prompt: Fields, of_completion: Fields
    ) -> tuple[int, int]:
        """Some models leave tokens out of their parts, and only the total holds them.

        Prompt 100, completion 60, reasoning 50: with a total of 160 the 60 hold the 50, with 210
        they do not (Grok). Without a reasoning count the other 50 are thinking too (Gemini).
        """
        usage, parts = self.usage, prompt + completion
        total = count(usage, "total_tokens")
        rest = total - parts
        if total == 0 or rest == 0:
            return prompt, completion
        if usage.get("prompt_audio_seconds"):
            return prompt, completion  # audio that is billed by the second is in the total alone
        of_tools = count(usage, "tool_use_prompt_tokens")
        if 0 < of_tools <= rest:
            prompt, rest = prompt + of_tools, rest - of_tools
            if not rest:
                return prompt, completion
        stated = of_completion.get("reasoning_tokens", usage.get("reasoning_tokens")) is not None
        thinks = self.operation in _MAY_THINK and parts > 0
        if not stated and thinks:
            thinks = rest not in self._cache_counts(of_prompt)
        if rest > 0 and thinks and (self.reasoning == rest if stated else True):
            self.reasoning = rest
            return prompt, completion + rest
        raise contradiction("total_tokens", total, "prompt + completion tokens", parts, "≠")

    def _cache_counts(self, of_prompt: Fields) -> tuple[int, int, int]:
        """Tokens that a prompt count may leave out and a total hold, where a proxy counts so."""
        read = count(of_prompt, "cached_tokens") or either(self.usage, *CACHED)
        written = self._written(of_prompt)
        return read, written, read + written

    def _written(self, of_prompt: Fields) -> int:
        written = either(of_prompt, *WRITTEN)
        if self._core:
            return written
        outer = count(self.usage, "cache_creation_input_tokens")
        return _one_of("cache_creation_input_tokens", outer, written)

    def _cached(self, prompt: int, of_prompt: Fields) -> int:
        cached = count(of_prompt, "cached_tokens")
        if self._core:
            return cached
        usage, outer = self.usage, either(self.usage, *CACHED)
        stated = any(usage.get(name) is not None for name in CACHED)
        if stated and of_prompt.get("cached_tokens") is not None and outer != cached:
            raise contradiction(
                "cached_tokens", cached, "cached tokens besides the details", outer, "≠"
            )
        cached = cached or outer
        if usage.get("prompt_cache_miss_tokens") is not None:
            both = cached + count(usage, "prompt_cache_miss_tokens")
            if both != prompt:
                raise contradiction("cache hits + misses", both, "prompt tokens", prompt, "≠")
        return cached

    def _read_prompt(self, prompt: int, of_prompt: Fields) -> None:
        if not of_prompt and self._core:
            self._add(_PLAIN_INPUT.get(self.operation, _INPUT), prompt)
            return
        cached = self._cached(prompt, of_prompt)
        written = self._written(of_prompt)
        audio, image = count(of_prompt, "audio_tokens"), count(of_prompt, "image_tokens")
        stated_text = count(of_prompt, "text_tokens")
        text = _text_part("prompt", prompt, audio + image, stated_text)
        if cached > prompt:
            raise contradiction("cached_tokens", cached, "prompt tokens", prompt)
        in_text, in_audio, in_image = cached, 0, 0
        split = NOTHING
        if "cached_tokens_details" in of_prompt:
            split = details(of_prompt, "cached_tokens_details")
        if split or (cached and (audio or image)):
            in_text, in_audio, in_image = self._split_cached(
                cached, split, text=text - written, audio=audio, image=image
            )
        if in_text + written > text:
            field = "cached_tokens + cache_write_tokens" if written else "cached_tokens"
            raise contradiction(field, in_text + written, "prompt text tokens", text)
        split_up = audio or image or stated_text
        plain = _INPUT if split_up else _PLAIN_INPUT.get(self.operation, _INPUT)
        self._add(plain, text - in_text - written)
        self._add(_CACHE_READ, in_text)
        self._add(_CACHE_WRITE, written)
        if audio or image:
            self._add(Unit.INPUT_AUDIO, audio - in_audio)
            self._add(Unit.CACHE_READ_AUDIO, in_audio)
            self._add(Unit.INPUT_IMAGE, image - in_image)
            self._add(Unit.CACHE_READ_IMAGE, in_image)

    def _split_cached(
        self, cached: int, split: Fields, *, text: int, audio: int, image: int
    ) -> tuple[int, int, int]:
        """Cached tokens of text, audio and image. Without a split they fill text, then images, then
        audio: right where the whole prompt is cached or of one modality, else a guess.
        """
        if split:
            in_audio, in_image = count(split, "audio_tokens"), count(split, "image_tokens")
            in_text = cached - in_audio - in_image
            if in_text != count(split, "text_tokens"):
                stated = count(split, "text_tokens") + in_audio + in_image
                raise contradiction(
                    "cached_tokens", cached, "sum of cached_tokens_details", stated, "≠"
                )
            if in_audio > audio:
                raise contradiction("cached audio_tokens", in_audio, "prompt audio_tokens", audio)
            if in_image > image:
                raise contradiction("cached image_tokens", in_image, "prompt image_tokens", image)
            return in_text, in_audio, in_image
        if not audio and not image:
            return cached, 0, 0
        self.unsplit_cache = 0 < cached < text + audio + image and (text, audio, image).count(0) < 2
        in_text = min(cached, max(text, 0))
        in_image = min(cached - in_text, image)
        return in_text, cached - in_text - in_image, in_image

    def _read_completion(self, completion: int, of_completion: Fields) -> None:
        plain = _PLAIN_OUTPUT.get(self.operation, _OUTPUT)
        if not of_completion:
            self._add(plain, completion)
            return
        audio, image = count(of_completion, "audio_tokens"), count(of_completion, "image_tokens")
        stated_text = count(of_completion, "text_tokens")
        if stated_text and stated_text + audio + image + self.reasoning == completion:
            stated_text += self.reasoning  # realtime models state the text without it
        text = _text_part("completion", completion, audio + image, stated_text)
        if audio or image or stated_text:
            plain = _OUTPUT
            self._add(Unit.OUTPUT_AUDIO, audio)
            self._add(Unit.OUTPUT_IMAGE, image)
        self._add(plain, text)


def _one_of(field: str, value: int, other: int) -> int:
    """A count that is said twice; 0 where nobody said it."""
    if value and other and value != other:
        raise contradiction(field, value, "the same count in the details", other, "≠")
    return value or other


def _text_part(name: str, whole: int, other: int, stated_text: int) -> int:
    """What is left of a count next to audio and image. A stated text part must agree with it."""
    if other > whole:
        raise contradiction(f"{name} audio + image tokens", other, f"{name} tokens", whole)
    if stated_text and stated_text + other != whole:
        raise contradiction(
            f"{name} text + audio + image tokens", stated_text + other, f"{name} tokens", whole, "≠"
        )
    return whole - other
