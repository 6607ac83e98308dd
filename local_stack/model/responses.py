"""The Responses API: the answer, and its stream of typed events."""

import time
from collections.abc import Iterator
from typing import Any

from local_stack.model.call import ModelCall
from local_stack.model.event_stream import frame


def answer(call: ModelCall) -> dict[str, Any]:
    items = list(_tool_items(call))
    searches = call.behaviour.tools.get("web_search")
    counted = {} if searches is None else {"web_search": {"num_requests": searches}}
    return {
        **response(call, "completed"),
        "output": [*items, _message(call, "".join(call.pieces()))],
        "usage": usage_of(call),
        **({"tool_usage": counted} if counted else {}),
    }


def compaction(call: ModelCall) -> dict[str, Any]:
    """What `/responses/compact` answers: no text, and a usage of its own."""
    return {
        "id": f"resp_{call.id}",
        "object": "response.compaction",
        "created_at": int(time.time()),
        "output": [{"type": "compaction", "id": f"cmp_{call.id}", "encrypted_content": "…"}],
        "usage": usage_of(call),
    }


def _tool_items(call: ModelCall) -> Iterator[dict[str, Any]]:
    """One output item for each call of a hosted tool."""
    done = {"status": "completed"}
    for kind, number in call.behaviour.tools.items():
        for index in range(number):
            head = {"type": f"{kind}_call", "id": f"{kind}_{call.id[:8]}{index}", **done}
            if kind == "web_search":
                yield {**head, "action": {"type": "search", "query": "cost per call"}}
            elif kind == "file_search":
                yield {**head, "queries": ["cost per call"], "results": None}
            else:
                yield {**head, "code": "1 + 1", "container_id": "cntr_1", "outputs": []}


def stream(call: ModelCall) -> Iterator[bytes]:
    """The stream always has the usage, in `response.completed`."""
    for number, event in enumerate(_events(call)):
        yield frame({**event, "sequence_number": number}, event=event["type"])


def _events(call: ModelCall) -> Iterator[dict[str, Any]]:
    started = {**response(call, "in_progress"), "output": [], "usage": None}
    yield {"type": "response.created", "response": started}
    place = {"output_index": 0, "item_id": f"msg_{call.id}"}
    item = {**_message(call, ""), "status": "in_progress", "content": []}
    yield {"type": "response.output_item.added", "output_index": 0, "item": item}
    part = {"type": "output_text", "text": "", "annotations": []}
    yield {"type": "response.content_part.added", **place, "content_index": 0, "part": part}
    for piece in call.pieces():
        yield {
            "type": "response.output_text.delta",
            **place,
            "content_index": 0,
            "delta": piece,
            "logprobs": [],
        }
    text = "".join(call.pieces())
    done = {**place, "content_index": 0, "text": text, "logprobs": []}
    yield {"type": "response.output_text.done", **done}
    part = {**part, "text": text}
    yield {"type": "response.content_part.done", **place, "content_index": 0, "part": part}
    item = _message(call, text)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": answer(call)}


def response(call: ModelCall, status: str) -> dict[str, Any]:
    """An answer without output and usage, as it is in any state."""
    return {
        "id": f"resp_{call.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "model": call.answered_model,
        "service_tier": call.tier,
        "background": call.request.get("background") is True,
        "error": None,
        "incomplete_details": None,
        "instructions": call.request.get("instructions"),
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": call.request.get("tools") or [],
        "top_p": 1.0,
    }


def _message(call: ModelCall, text: str) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "type": "message",
        "id": f"msg_{call.id}",
        "status": "completed",
        "role": "assistant",
        "content": content,
    }


def usage_of(call: ModelCall) -> dict[str, Any]:
    tokens = call.tokens
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.completion,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.prompt + tokens.completion,
    }
