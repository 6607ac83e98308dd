"""The Responses API: the answer, and its stream of typed events."""

import time
from collections.abc import Iterator
from typing import Any

from local_stack.model.call import ModelCall
from local_stack.model.event_stream import frame


def answer(call: ModelCall) -> dict[str, Any]:
    return {
        **_response(call, "completed"),
        "output": [_message(call, "".join(call.pieces()))],
        "usage": _usage(call),
    }


def stream(call: ModelCall) -> Iterator[bytes]:
    """The stream always has the usage, in `response.completed`."""
    for number, event in enumerate(_events(call)):
        yield frame({**event, "sequence_number": number}, event=event["type"])


def _events(call: ModelCall) -> Iterator[dict[str, Any]]:
    started = {**_response(call, "in_progress"), "output": [], "usage": None}
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


def _response(call: ModelCall, status: str) -> dict[str, Any]:
    return {
        "id": f"resp_{call.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "model": call.answered_model,
        "service_tier": "default",
        "error": None,
        "incomplete_details": None,
        "instructions": call.request.get("instructions"),
        "metadata": {},
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
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


def _usage(call: ModelCall) -> dict[str, Any]:
    tokens = call.tokens
    return {
        "input_tokens": tokens.prompt,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens": tokens.completion,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.prompt + tokens.completion,
    }
