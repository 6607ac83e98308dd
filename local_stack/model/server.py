"""The stand-in's HTTP side: paths of Azure OpenAI, OpenAI and Anthropic, delays, broken streams.
What an answer says is made by one module per API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from aiohttp import web

from local_stack.model import chat, embeddings, images, messages, responses
from local_stack.model.behaviour import InvalidOrder, behaviour
from local_stack.model.call import ModelCall, make_call
from local_stack.model.failures import RETRY_AFTER_S, failure
from pricing_rules.types import Operation

REQUEST_BYTES_MAX = 32 * 1024 * 1024
REGION = "Sweden Central"

_PATHS: Mapping[str, Operation] = {
    "chat/completions": Operation.CHAT_COMPLETIONS,
    "completions": Operation.COMPLETIONS,
    "responses": Operation.RESPONSES,
    "embeddings": Operation.EMBEDDINGS,
    "images/generations": Operation.IMAGES,
    "messages": Operation.MESSAGES,
}
_PREFIXES = ("/openai/deployments/{deployment}", "/openai", "/openai/v1", "/v1", "/anthropic/v1")
_ANSWERS: Mapping[Operation, Callable[[ModelCall], dict[str, Any]]] = {
    Operation.CHAT_COMPLETIONS: chat.answer,
    Operation.COMPLETIONS: chat.answer,
    Operation.RESPONSES: responses.answer,
    Operation.EMBEDDINGS: embeddings.answer,
    Operation.IMAGES: images.answer,
    Operation.MESSAGES: messages.answer,
}
_STREAMS: Mapping[Operation, Callable[[ModelCall], Iterator[bytes]]] = {
    Operation.CHAT_COMPLETIONS: chat.stream,
    Operation.COMPLETIONS: chat.stream,
    Operation.RESPONSES: responses.stream,
    Operation.MESSAGES: messages.stream,
}


@asynccontextmanager
async def serving(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[int]:
    """Run the stand-in for the time of the block; gives the port, a free one for 0."""
    app = web.Application(client_max_size=REQUEST_BYTES_MAX)
    app.router.add_get("/healthz", _healthy)
    for prefix in _PREFIXES:
        for path, operation in _PATHS.items():
            app.router.add_post(f"{prefix}/{path}", _Handler(operation).answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _healthy(_: web.Request) -> web.Response:
    return web.Response(text="ok")


class _Handler:
    """Answers the calls of one operation."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {"x-ms-region": REGION, "apim-request-id": str(uuid4())}
        try:
            call = await self._call(request)
        except (InvalidOrder, ValueError, RecursionError) as error:
            body = failure(self._operation, 400, str(error))
            return web.json_response(body, status=400, headers=headers)
        await asyncio.sleep(call.behaviour.delay_s)
        if call.behaviour.status != 200:
            return _failed(call, headers)
        if call.stream and self._operation in _STREAMS:
            return await _streamed(request, call, headers)
        return web.json_response(_ANSWERS[self._operation](call), headers=headers)

    async def _call(self, request: web.Request) -> ModelCall:
        """ValueError when the body is no JSON object."""
        asked = json.loads(await request.read())
        if not isinstance(asked, dict):
            raise ValueError(f"the body is a {type(asked).__name__}, expected a JSON object")
        named = request.match_info.get("deployment") or asked.get("model")
        model = named if isinstance(named, str) else "unnamed"
        return make_call(self._operation, model, asked, behaviour(request.headers, model))


def _failed(call: ModelCall, headers: Mapping[str, str]) -> web.Response:
    status = call.behaviour.status
    retry = {"retry-after": str(RETRY_AFTER_S)} if status == 429 else {}
    body = failure(call.operation, status)
    return web.json_response(body, status=status, headers={**headers, **retry})


async def _streamed(
    request: web.Request, call: ModelCall, headers: Mapping[str, str]
) -> web.StreamResponse:
    answer = web.StreamResponse(
        headers={**headers, "Content-Type": "text/event-stream; charset=utf-8"}
    )
    await answer.prepare(request)
    for number, frame in enumerate(_STREAMS[call.operation](call)):
        if number == call.behaviour.break_after:
            if request.transport is not None:
                request.transport.close()
            return answer
        if number and call.behaviour.chunk_delay_s:
            await asyncio.sleep(call.behaviour.chunk_delay_s)
        try:
            await answer.write(frame)
        except ConnectionResetError:  # the reader hung up: nothing more to send
            return answer
    await answer.write_eof()
    return answer
