"""One call on its way: the policies decide, the model is asked, the answer's bytes pass unchanged,
and the policies' reports are handed on. Owns no policy and no report."""

import asyncio
import time
from typing import Any

import aiohttp
from aiohttp import web

from apim_policies.errors import PolicyError
from apim_policies.harness.call import CALLER_GONE, Forward, GatewayError, Passage, Response
from apim_policies.harness.policies import Policies
from local_stack.gateway.backend import Backend, header_lines, held_body, passed_on, text_of
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.reports import Reports
from telemetry.log import Log

CALLER_GONE_STATUS = 499
"""Status of an answer whose caller has hung up."""
EVENT_STREAM = "text/event-stream"

_LOG = Log(__name__)


class Passing:
    """One call. It ends by itself, early if its caller hangs up, and reports in both cases."""

    def __init__(
        self,
        call: CallLog,
        policies: Policies,
        *,
        backend: Backend,
        reports: Reports,
        refusal: GatewayError | None = None,
    ) -> None:
        """`refusal` is why the gateway itself refuses the call, before any policy of inbound."""
        self._call = call
        self._policies = policies
        self._backend = backend
        self._reports = reports
        self._refusal = refusal
        self._left = False
        self._task: asyncio.Task[Any] | None = None
        self._asking = False
        self._opened: aiohttp.ClientResponse | None = None

    def start(self, request: web.Request) -> "asyncio.Task[web.StreamResponse]":
        """Run it in a task of its own, so that it does not end when the caller hangs up."""
        self._task = asyncio.create_task(self._run(request))
        return self._task

    def leave(self) -> None:
        """The caller hung up: the model need not continue."""
        self._left = True
        if self._asking and self._task is not None:
            self._task.cancel()
        if self._opened is not None:
            self._opened.close()

    async def _run(self, request: web.Request) -> web.StreamResponse:
        """The answer; a streamed one has been sent already."""
        try:
            if self._refusal is not None:
                refused = await self._policies.refused(self._call.request, self._refusal)
                return self._whole(self._note(refused))
            passage = self._note(await self._policies.inbound(self._call.request))
            if passage.forward is None:
                return self._whole(passage)
            began = self._call.backend_began_s = time.monotonic()
            try:
                return await self._forward(request, passage, passage.forward)
            finally:
                self._call.backend_s = time.monotonic() - began
        except PolicyError as error:
            # A real gateway does not answer like this: it helps the author of a policy.
            _LOG.error("policy_failed", str(error), call=str(self._call.request.id))
            self._call.status = 500
            return web.json_response({"statusCode": 500, "message": str(error)}, status=500)
        finally:
            self._reports.ended(self._call)

    async def _forward(
        self, request: web.Request, passage: Passage, forward: Forward
    ) -> web.StreamResponse:
        opened = await self._ask(forward)
        if isinstance(opened, GatewayError):
            return await self._failed(passage, opened)
        async with opened:
            self._call.backend_status = opened.status
            body = await held_body(opened)
            if isinstance(body, GatewayError):
                return await self._failed(passage, body)
            if body is not None:
                self._call.answer.whole(body)
            headers, reason = header_lines(opened.headers), text_of(opened.reason or "")
            response = Response(status=opened.status, headers=headers, body=body, reason=reason)
            passage = self._note(await self._policies.outbound(passage, response))
            if passage.answer is None or passage.answer.body is not None:
                return self._whole(passage)
            return await self._stream(request, passage, opened)

    async def _ask(self, forward: Forward) -> aiohttp.ClientResponse | GatewayError:
        self._asking = True
        try:
            return CALLER_GONE if self._left else await self._backend.ask(forward)
        except asyncio.CancelledError:
            if self._task is None or not self._left:
                raise
            self._task.uncancel()  # this call still has its report to make
            return CALLER_GONE
        finally:
            self._asking = False

    async def _failed(self, passage: Passage, error: GatewayError) -> web.StreamResponse:
        return self._whole(self._note(await self._policies.on_error(passage, error)))

    async def _stream(
        self, request: web.Request, passage: Passage, opened: aiohttp.ClientResponse
    ) -> web.StreamResponse:
        answer = passage.answer
        assert answer is not None  # _forward has looked
        call = self._call
        call.streamed = opened.content_type == EVENT_STREAM
        out = web.StreamResponse(
            status=answer.status, reason=answer.reason or None, headers=passed_on(answer.headers)
        )
        self._opened = opened
        try:
            await out.prepare(request)
            async for data in opened.content.iter_any():
                await out.write(data)
                call.response_bytes += len(data)
                call.answer.feed(data)
            await out.write_eof()
        except ConnectionResetError:
            _LOG.info("caller_hung_up", "in the middle of an answer", call=str(call.request.id))
        except (aiohttp.ClientError, TimeoutError) as error:
            _LOG.warning("stream_broke", repr(error), call=str(call.request.id))
            if request.transport is not None:
                # Without its last chunk, the caller sees that the answer broke off.
                request.transport.close()
        if call.answer.usage is not None:
            counted = await self._policies.usage_known(passage, call.answer.usage)
            call.metrics = counted.metrics
        return out

    def _note(self, passage: Passage) -> Passage:
        for fault in passage.faults:
            _LOG.warning("policy_fault", str(fault), call=str(self._call.request.id))
        self._reports.events(passage.events)
        self._call.note(passage)
        return passage

    def _whole(self, passage: Passage) -> web.Response:
        answer = passage.answer
        if answer is None:  # the caller hung up
            return web.Response(status=CALLER_GONE_STATUS)
        body = answer.body or b""
        self._call.response_bytes = len(body)
        headers = passed_on(answer.headers)
        reason = answer.reason or None
        return web.Response(status=answer.status, reason=reason, headers=headers, body=body)
