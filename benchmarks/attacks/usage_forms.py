"""Usage objects as each provider documents them, from true quantities. Imports no product."""

import random
from collections.abc import Callable
from typing import Any

from benchmarks.attacks.usage_case import NOTHING, UNPRICED, Case


def _tokens(dice: random.Random, most: int = 200_000) -> int:
    return dice.choice([0, 1, dice.randrange(1, 100), dice.randrange(1, most)])


def _some(dice: random.Random) -> int:
    return dice.randrange(1, 50_000)


def _chat(dice: random.Random, names: tuple[str, str], operation: str) -> Case:
    fresh, cached, output = _some(dice), _tokens(dice), _some(dice)
    written = _tokens(dice, 9_000) if dice.random() < 0.2 else 0
    reasoning = dice.randrange(output + 1)
    prompt = fresh + cached + written
    usage: dict[str, Any] = {f"{names[0]}_tokens": prompt, f"{names[1]}_tokens": output}
    details: dict[str, Any] = {"cached_tokens": cached}
    if written:
        details["cache_write_tokens"] = written
    if dice.random() < 0.5:
        details |= {"audio_tokens": 0, "text_tokens": prompt}
    usage[f"{names[0]}_tokens_details"] = details
    if dice.random() < 0.7:
        usage[f"{names[1]}_tokens_details"] = {"reasoning_tokens": reasoning}
    if dice.random() < 0.9:
        usage["total_tokens"] = prompt + output
    quantities = {
        "input": fresh,
        "cache_read": cached,
        "cache_write_5m": written,
        "output": output,
    }
    return Case("", operation, usage, quantities)


def openai_chat(dice: random.Random) -> Case:
    """Chat completions: the prompt holds what was cached, the completion holds reasoning."""
    return _chat(dice, ("prompt", "completion"), "chat-completions")


def openai_responses(dice: random.Random) -> Case:
    """Responses: the same with other names."""
    return _chat(dice, ("input", "output"), "responses")


def openai_audio(dice: random.Random) -> Case:
    """Chat with audio in and out, cached tokens split by modality."""
    text, audio, cached_text, cached_audio = (_some(dice) for _ in range(4))
    out_text, out_audio = _some(dice), _some(dice)
    usage = {
        "prompt_tokens": text + audio + cached_text + cached_audio,
        "prompt_tokens_details": {
            "text_tokens": text + cached_text,
            "audio_tokens": audio + cached_audio,
            "cached_tokens": cached_text + cached_audio,
            "cached_tokens_details": {"text_tokens": cached_text, "audio_tokens": cached_audio},
        },
        "completion_tokens": out_text + out_audio,
        "completion_tokens_details": {"audio_tokens": out_audio, "text_tokens": out_text},
    }
    quantities = {
        "input": text,
        "input_audio": audio,
        "cache_read": cached_text,
        "cache_read_audio": cached_audio,
        "output": out_text,
        "output_audio": out_audio,
    }
    return Case("", "chat-completions", usage, quantities)


def openai_unsplit_cache(dice: random.Random) -> Case:
    """Cached tokens of a prompt of text and pictures, and nobody says of which."""
    text, image = _some(dice), _some(dice)
    cached = dice.randrange(1, text + image)
    usage = {
        "input_tokens": text + image,
        "input_tokens_details": {
            "text_tokens": text, "image_tokens": image, "cached_tokens": cached,
        },
        "output_tokens": _some(dice),
    }  # fmt: skip
    return Case("", "images", usage, {}, UNPRICED)


def openai_images(dice: random.Random) -> Case:
    """Pictures: text and picture in, picture out."""
    text, image, output = _some(dice), _tokens(dice), _some(dice)
    usage = {
        "input_tokens": text + image,
        "input_tokens_details": {"text_tokens": text, "image_tokens": image},
        "output_tokens": output,
        "total_tokens": text + image + output,
    }
    quantities = {"input": text, "input_image": image, "output_image": output}
    return Case("", "images", usage, quantities)


def openai_transcription(dice: random.Random) -> Case:
    """Audio by the second."""
    seconds = dice.randrange(1, 40_000) / 10
    usage = {"type": "duration", "seconds": seconds}
    return Case("", "audio-transcriptions", usage, {"audio_ms": round(seconds * 1000)})


def anthropic(dice: random.Random) -> Case:
    """Messages: the input leaves cached tokens out, writes are of two lives."""
    fresh, read, short, long, output, searches = (
        _some(dice), _tokens(dice), _tokens(dice), _tokens(dice), _some(dice),
        dice.choice([0, 0, 3]),
    )  # fmt: skip
    usage: dict[str, Any] = {
        "input_tokens": fresh,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": short + long,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": long},
        "output_tokens": output,
        "service_tier": "standard",
    }
    if searches:
        usage["server_tool_use"] = {"web_search_requests": searches, "web_fetch_requests": 2}
    quantities = {
        "input": fresh,
        "cache_read": read,
        "cache_write_5m": short,
        "cache_write_1h": long,
        "output": output,
        "web_search": searches,
    }
    return Case("", "messages", usage, quantities)


def anthropic_compaction(dice: random.Random) -> Case:
    """A compaction is billed, and only `iterations` holds it."""
    own_in, own_out, more_in, more_out = (_some(dice) for _ in range(4))
    passes = [
        {"type": "compaction", "input_tokens": more_in, "output_tokens": more_out},
        {"type": "message", "input_tokens": own_in, "output_tokens": own_out},
    ]
    usage = {"input_tokens": own_in, "output_tokens": own_out, "iterations": passes}
    quantities = {"input": own_in + more_in, "output": own_out + more_out}
    return Case("", "messages", usage, quantities)


def deepseek(dice: random.Random) -> Case:
    """Hits and misses add up to the prompt."""
    hit, miss, output = _some(dice), _some(dice), _some(dice)
    usage = {
        "prompt_tokens": hit + miss,
        "prompt_cache_hit_tokens": hit,
        "prompt_cache_miss_tokens": miss,
        "completion_tokens": output,
        "total_tokens": hit + miss + output,
    }
    return Case("", "chat-completions", usage, {"input": miss, "cache_read": hit, "output": output})


def grok(dice: random.Random) -> Case:
    """The completion leaves reasoning out, and the total holds it; searches are counted."""
    prompt, said, thought, searches = _some(dice), _some(dice), _some(dice), dice.randrange(4)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": said,
        "completion_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": prompt + said + thought,
        "num_sources_used": searches * 3,
        "num_server_side_tools_used": searches,
        "server_side_tool_usage_details": {"web_search_calls": searches, "x_search_calls": 0},
    }
    quantities = {"input": prompt, "output": said + thought, "web_search": searches}
    return Case("", "chat-completions", usage, quantities)


def gemini(dice: random.Random) -> Case:
    """Google's own names; thinking and what tools read stand next to the parts."""
    text, image, thought, said, tools = (_some(dice) for _ in range(5))
    usage = {
        "promptTokenCount": text + image,
        "candidatesTokenCount": said,
        "thoughtsTokenCount": thought,
        "toolUsePromptTokenCount": tools,
        "totalTokenCount": text + image + said + thought + tools,
        "promptTokensDetails": [
            {"modality": "TEXT", "tokenCount": text},
            {"modality": "IMAGE", "tokenCount": image},
        ],
        "trafficType": "ON_DEMAND",
    }
    quantities = {"input": text + tools, "input_image": image, "output": said + thought}
    return Case("", "chat-completions", usage, quantities)


def gemini_by_openai(dice: random.Random) -> Case:
    """Only the total holds the thinking, and nothing names it."""
    prompt, said, thought = _some(dice), _some(dice), _some(dice)
    usage = {
        "prompt_tokens": prompt,
        "completion_tokens": said,
        "total_tokens": prompt + said + thought,
    }
    return Case("", "chat-completions", usage, {"input": prompt, "output": said + thought})


def bedrock(dice: random.Random) -> Case:
    """Converse: the input leaves cached tokens out."""
    fresh, read, written, output = _some(dice), _tokens(dice), _tokens(dice), _some(dice)
    usage = {
        "inputTokens": fresh,
        "cacheReadInputTokens": read,
        "cacheWriteInputTokens": written,
        "outputTokens": output,
        "totalTokens": fresh + read + written + output,
    }
    quantities = {
        "input": fresh,
        "cache_read": read,
        "cache_write_5m": written,
        "output": output,
    }
    return Case("", "chat-completions", usage, quantities)


def cohere(dice: random.Random) -> Case:
    """Billed units, next to what was really read."""
    prompt, output = _some(dice), _some(dice)
    usage = {
        "billed_units": {"input_tokens": prompt, "output_tokens": output},
        "tokens": {"input_tokens": prompt + 66, "output_tokens": output},
    }
    return Case("", "chat-completions", usage, {"input": prompt, "output": output})


def mistral_audio(dice: random.Random) -> Case:
    """Audio by the second next to tokens; the total holds the audio's own tokens, too."""
    prompt, seconds, output = _some(dice), dice.randrange(1, 4_000), _some(dice)
    usage = {
        "prompt_tokens": prompt,
        "prompt_audio_seconds": seconds,
        "completion_tokens": output,
        "total_tokens": prompt + output + seconds * 12,
    }
    quantities = {"input": prompt, "audio_ms": seconds * 1000, "output": output}
    return Case("", "chat-completions", usage, quantities)


def zeros(dice: random.Random) -> Case:
    """A usage that says nothing."""
    usages: list[dict[str, Any]] = [
        {},
        {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        {"input_tokens": None},
    ]
    return Case("", "chat-completions", dict(dice.choice(usages)), {}, NOTHING)


FORMS: dict[str, Callable[[random.Random], Case]] = {
    each.__name__: each
    for each in (
        openai_chat, openai_responses, openai_audio, openai_unsplit_cache, openai_images,
        openai_transcription, anthropic, anthropic_compaction, deepseek, grok, gemini,
        gemini_by_openai, bedrock, cohere, mistral_audio, zeros,
    )
}  # fmt: skip
