"""The stand-in's HTTP side: paths of Azure OpenAI, OpenAI and Anthropic, delays, broken streams.
What an answer says is made by one module per API."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web

from local_stack.model import audio, chat, embeddings, images, messages, responses
from local_stack.model.background import BackgroundResponses
from local_stack.model.behaviour import InvalidOrder, behaviour
from local_stack.model.call import ModelCall, make_call
from local_stack.model.failures import RETRY_AFTER_S, failure, refused_option
from local_stack.model.served_log import ServedLog
from local_stack.traffic.deployments import DEPLOYMENTS
from pricing_rules.types import Operation

REQUEST_BYTES_MAX = 32 * 1024 * 1024
REGION = "Sweden Central"
SESSION_HEADER = "x-session-id"

Said = dict[str, Any] | str | bytes
"""A whole answer: JSON, text or sound."""
_PREFIXES = ("/openai/deployments/{deployment}", "/openai", "/openai/v1", "/v1", "/anthropic/v1")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    operation: Operation
    answer: Callable[[ModelCall], Said]
    stream: Callable[[ModelCall], Iterator[bytes]] | None = None


_ENDPOINTS: Mapping[str, _Endpoint] = {
    "chat/completions": _Endpoint(
        operation=Operation.CHAT_COMPLETIONS, answer=chat.answer, stream=chat.stream
    ),
    "completions": _Endpoint(
        operation=Operation.COMPLETIONS, answer=chat.answer, stream=chat.stream
    ),
    "responses": _Endpoint(
        operation=Operation.RESPONSES, answer=responses.answer, stream=responses.stream
    ),
    "responses/compact": _Endpoint(operation=Operation.RESPONSES, answer=responses.compaction),
    "embeddings": _Endpoint(operation=Operation.EMBEDDINGS, answer=embeddings.answer),
    "images/generations": _Endpoint(operation=Operation.IMAGES, answer=images.answer),
    "images/edits": _Endpoint(operation=Operation.IMAGES, answer=images.answer),
    "audio/transcriptions": _Endpoint(
        operation=Operation.AUDIO_TRANSCRIPTIONS, answer=audio.transcription
    ),
    "audio/speech": _Endpoint(operation=Operation.AUDIO_SPEECH, answer=audio.speech),
    "messages": _Endpoint(
        operation=Operation.MESSAGES, answer=messages.answer, stream=messages.stream
    ),
}


@asynccontextmanager
async def serving(
    host: str = "127.0.0.1", port: int = 0, *, log: ServedLog | None = None
) -> AsyncIterator[int]:
    """Run the stand-in for the time of the block; gives the port, a free one for 0."""
    app = web.Application(client_max_size=REQUEST_BYTES_MAX)
    app.router.add_get("/healthz", _healthy)
    kept = _Background(log)
    for prefix in _PREFIXES:
        for path, endpoint in _ENDPOINTS.items():
            handler = _Handler(endpoint, kept.responses, log)
            app.router.add_post(f"{prefix}/{path}", handler.answer)
        app.router.add_get(f"{prefix}/responses/{{id}}", kept.fetch)
        app.router.add_delete(f"{prefix}/responses/{{id}}", kept.delete)
        app.router.add_post(f"{prefix}/responses/{{id}}/cancel", kept.cancel)
        app.router.add_post(f"{prefix}/videos", _video)
        app.router.add_get(f"{prefix}/models", _models)
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


async def _video(_: web.Request) -> web.Response:
    """A job that is billed by the second of video, and whose answer counts nothing."""
    return web.json_response({"id": f"video_{uuid4().hex}", "status": "queued"})


async def _models(_: web.Request) -> web.Response:
    """The deployments of the demonstration, which clients ask for before their first call."""
    names = dict.fromkeys(deployment.name for deployment in DEPLOYMENTS)
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "azure"} for name in names]
    return web.json_response({"object": "list", "data": data})


class _Handler:
    """Answers the calls of one endpoint."""

    def __init__(
        self, endpoint: _Endpoint, background: BackgroundResponses, log: ServedLog | None
    ) -> None:
        self._endpoint = endpoint
        self._background = background
        self._log = log

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = {"x-ms-region": REGION, "apim-request-id": str(uuid4())}
        try:
            call = await self._call(request)
        except (InvalidOrder, ValueError, RecursionError) as error:
            body = failure(self._endpoint.operation, 400, str(error))
            return web.json_response(body, status=400, headers=headers)
        headers |= _served_by(call)
        await asyncio.sleep(call.behaviour.delay_s)
        refused = refused_option(call, request.query.get("api-version", ""))
        if refused is not None:
            return web.json_response(refused[1], status=refused[0], headers=headers)
        if call.behaviour.status != 200:
            self._note(call, call.behaviour.status, None)
            return _failed(call, headers)
        if call.stream and self._endpoint.stream is not None:
            answer, whole = await _streamed(request, call, headers, self._endpoint.stream(call))
            self._note(call, 200, self._endpoint.answer(call) if whole else None)
            return answer
        if call.request.get("background") is True and self._endpoint.stream is responses.stream:
            return web.json_response(self._background.queue(call), headers=headers)
        said = self._endpoint.answer(call)
        self._note(call, 200, said)
        return _whole(said, headers)

    def _note(self, call: ModelCall, status: int, said: Said | None) -> None:
        if self._log is not None:
            self._log.add(call, status, said.get("usage") if isinstance(said, dict) else None)

    async def _call(self, request: web.Request) -> ModelCall:
        """ValueError when the body is no JSON object."""
        asked = await _asked(request)
        named = request.match_info.get("deployment") or asked.get("model")
        model = named if isinstance(named, str) else "unnamed"
        order = behaviour(request.headers, model)
        session = request.headers.get(SESSION_HEADER)
        return make_call(self._endpoint.operation, model, asked, order, session=session)


async def _asked(request: web.Request) -> dict[str, Any]:
    """The body's fields: of JSON, or of a form with the size of its files."""
    if request.content_type == "multipart/form-data":
        fields = await request.post()
        files = [value for value in fields.values() if isinstance(value, web.FileField)]
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        return {**texts, "file_bytes": sum(len(field.file.read()) for field in files)}
    asked = json.loads(await request.read())
    if not isinstance(asked, dict):
        raise ValueError(f"the body is a {type(asked).__name__}, expected a JSON object")
    return asked


class _Background:
    """The paths of a response that was made in the background."""

    def __init__(self, log: ServedLog | None) -> None:
        self._log = log
        self.responses = BackgroundResponses(self._finished)

    def _finished(self, call: ModelCall, answer: dict[str, Any]) -> None:
        if self._log is not None:
            self._log.add(call, 200, answer["usage"])

    async def fetch(self, request: web.Request) -> web.StreamResponse:
        answer = self.responses.fetch(request.match_info["id"])
        call = self.responses.call_of(request.match_info["id"])
        if call is None or request.query.get("stream") != "true":
            return _found(answer)
        streamed, _ = await _streamed(request, call, {}, responses.stream(call))
        return streamed

    async def cancel(self, request: web.Request) -> web.Response:
        return _found(self.responses.cancel(request.match_info["id"]))

    async def delete(self, request: web.Request) -> web.Response:
        named = request.match_info["id"]
        gone = {"id": named, "object": "response", "deleted": True}
        return _found(gone if self.responses.delete(named) else None)


def _found(answer: dict[str, Any] | None) -> web.Response:
    if answer is None:
        body = failure(Operation.RESPONSES, 404, "No response has this id.")
        return web.json_response(body, status=404)
    return web.json_response(answer, headers={"x-ms-region": REGION})


def _served_by(call: ModelCall) -> dict[str, str]:
    """Azure names the deployment that answers; Anthropic's models have none."""
    if call.operation is Operation.MESSAGES:
        return {}
    spillover = call.behaviour.spillover
    if spillover is None:
        return {"x-ms-deployment-name": call.model}
    return {"x-ms-deployment-name": spillover, "x-ms-spillover-from-deployment": call.model}


def _whole(said: Said, headers: Mapping[str, str]) -> web.Response:
    if isinstance(said, dict):
        return web.json_response(said, headers=headers)
    if isinstance(said, str):
        return web.Response(text=said, headers=headers)
    return web.Response(body=said, content_type="audio/mpeg", headers=headers)


def _failed(call: ModelCall, headers: Mapping[str, str]) -> web.Response:
    status = call.behaviour.status
    retry = {"retry-after": str(RETRY_AFTER_S)} if status == 429 else {}
    body = failure(call.operation, status)
    return web.json_response(body, status=status, headers={**headers, **retry})


async def _streamed(
    request: web.Request, call: ModelCall, headers: Mapping[str, str], frames: Iterator[bytes]
) -> tuple[web.StreamResponse, bool]:
    """The answer, and whether all of it was sent."""
    answer = web.StreamResponse(
        headers={**headers, "Content-Type": "text/event-stream; charset=utf-8"}
    )
    await answer.prepare(request)
    for number, frame in enumerate(frames):
        if number == call.behaviour.break_after:
            if request.transport is not None:
                request.transport.close()
            return answer, False
        if number and call.behaviour.chunk_delay_s:
            await asyncio.sleep(call.behaviour.chunk_delay_s)
        try:
            await answer.write(frame)
        except ConnectionResetError:  # the reader hung up: nothing more to send
            return answer, False
    await answer.write_eof()
    return answer, True
