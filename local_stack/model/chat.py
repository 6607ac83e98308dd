"""Chat completions and the older completions: the answer, and its stream."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

from local_stack.model.call import ModelCall
from local_stack.model.event_stream import DONE, frame
from local_stack.traffic.usage_event import chat_usage
from pricing_rules.types import Operation


def answer(call: ModelCall) -> dict[str, Any]:
    text = "".join(call.pieces())
    return {
        **_head(call, "chat.completion", "text_completion"),
        "choices": [{**_said(call, text), "index": 0, "finish_reason": "stop", "logprobs": None}],
        "usage": _usage(call),
    }


def stream(call: ModelCall) -> Iterator[bytes]:
    """The stream of a chat. If `stream_options.include_usage` is set, a last chunk without choices
    has the usage, as in the real APIs. Otherwise the stream does not show the usage."""
    options = call.request.get("stream_options") or {}
    tells = isinstance(options, Mapping) and options.get("include_usage") is True
    head = _head(call, "chat.completion.chunk", "text_completion")
    silent = {"usage": None} if tells else {}
    if call.operation is Operation.CHAT_COMPLETIONS:
        yield frame(_prompt_verdict())
    for piece in call.pieces():
        choice = {**_said(call, piece, chunk=True), "index": 0, "finish_reason": None}
        yield frame({**head, "choices": [choice], **silent})
    last = {**_said(call, "", chunk=True), "index": 0, "finish_reason": "stop"}
    yield frame({**head, "choices": [last], **silent})
    if tells:
        yield frame({**head, "choices": [], "usage": _usage(call)})
    yield DONE


def _prompt_verdict() -> dict[str, Any]:
    """Azure's first chunk of a chat: no choices either, and no usage."""
    verdict = {"hate": {"filtered": False, "severity": "safe"}}
    results = [{"prompt_index": 0, "content_filter_results": verdict}]
    empty = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
    return {**empty, "prompt_filter_results": results}


def _head(call: ModelCall, chat: str, text: str) -> dict[str, Any]:
    chats = call.operation is Operation.CHAT_COMPLETIONS
    return {
        "id": f"{'chatcmpl' if chats else 'cmpl'}-{call.id}",
        "object": chat if chats else text,
        "created": int(time.time()),
        "model": call.answered_model,
        "service_tier": call.tier,
        "system_fingerprint": "fp_local",
    }


def _said(call: ModelCall, text: str, *, chunk: bool = False) -> dict[str, Any]:
    if call.operation is Operation.COMPLETIONS:
        return {"text": text}
    said = {"role": "assistant", "content": text, "refusal": None}
    return {"delta": {"content": text} if text else {}} if chunk else {"message": said}


def _usage(call: ModelCall) -> dict[str, Any]:
    tokens = call.tokens
    return chat_usage(
        prompt=tokens.prompt,
        cached=tokens.cached,
        completion=tokens.completion,
        reasoning=tokens.reasoning,
    )
