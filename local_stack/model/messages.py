"""Anthropic Messages: the answer, and its stream. `input_tokens` excludes tokens from the cache."""

from collections.abc import Iterator
from typing import Any

from local_stack.model.call import ModelCall
from local_stack.model.event_stream import frame


def answer(call: ModelCall) -> dict[str, Any]:
    content = [*_searches(call), {"type": "text", "text": "".join(call.pieces())}]
    return {**_message(call), "content": content, "stop_reason": "end_turn", "usage": _usage(call)}


def _searches(call: ModelCall) -> Iterator[dict[str, Any]]:
    """Two blocks for each search that Anthropic's server ran."""
    for number in range(call.behaviour.tools.get("web_search", 0)):
        used = f"srvtoolu_{call.id[:8]}{number}"
        query = {"query": "cost per call"}
        yield {"type": "server_tool_use", "id": used, "name": "web_search", "input": query}
        yield {"type": "web_search_tool_result", "tool_use_id": used, "content": []}


def stream(call: ModelCall) -> Iterator[bytes]:
    """The stream has usage twice: the prompt's at the start, and the whole call's, cumulative, at
    the end.
    """
    for event in _events(call):
        yield frame(event, event=event["type"])


def _events(call: ModelCall) -> Iterator[dict[str, Any]]:
    usage = _usage(call)
    started = {**_message(call), "content": [], "stop_reason": None}
    yield {"type": "message_start", "message": {**started, "usage": {**usage, "output_tokens": 1}}}
    block = {"type": "text", "text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": block}
    for piece in call.pieces():
        delta = {"type": "text_delta", "text": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    told = (
        "input_tokens",
        "cache_creation_input_tokens",
        "cache_read_input_tokens",
        "output_tokens",
        *(("server_tool_use",) if "server_tool_use" in usage else ()),
    )
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {name: usage[name] for name in told},
    }
    yield {"type": "message_stop"}


def _message(call: ModelCall) -> dict[str, Any]:
    return {
        "id": f"msg_{call.id}",
        "type": "message",
        "role": "assistant",
        "model": call.answered_model,
        "stop_sequence": None,
    }


def _usage(call: ModelCall) -> dict[str, Any]:
    tokens = call.tokens
    written = min(tokens.cache_write, tokens.prompt - tokens.cached)
    searches = call.behaviour.tools.get("web_search", 0)
    used = {"server_tool_use": {"web_search_requests": searches}} if searches else {}
    return {
        **used,
        "input_tokens": tokens.prompt - tokens.cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": tokens.cached,
        "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
        "output_tokens": tokens.completion,
        "service_tier": "standard",
    }
