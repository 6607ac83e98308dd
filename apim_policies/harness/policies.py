"""The deployed policies as a program: load once, then ask per call what inbound, outbound and
on-error do. It moves no bytes itself; a gateway or a test uses it."""

import asyncio
import json
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from apim_policies.errors import EngineFailed, Finding, InvalidPolicies, StreamBodyRead
from apim_policies.harness import compiler, plan
from apim_policies.harness.call import (
    Answer,
    Forward,
    Gateway,
    GatewayError,
    Headers,
    LoggedEvent,
    Passage,
    Request,
    Response,
    TokenMetric,
    Trace,
)
from apim_policies.harness.engine_process import EngineProcess
from apim_policies.harness.expressions import find_expressions
from apim_policies.harness.token_metric import count_tokens, measured, usage_of


class _Fault(Struct, frozen=True, tag="fault", tag_field="kind"):
    """A policy that threw an exception."""

    position: str
    policy: str
    message: str

    def finding(self) -> Finding:
        return Finding.at(self.position, f"{self.policy} failed: {self.message}")


class _StreamRead(Struct, frozen=True, tag="stream-read", tag_field="kind"):
    """An expression that read a streamed body."""

    position: str


class _Forward(Struct, frozen=True):
    """A Forward without its body, which follows the head."""

    method: str
    url: str
    headers: Headers
    timeout_s: int
    buffer_response: bool

    def with_body(self, body: bytes) -> Forward:
        return Forward(
            method=self.method,
            url=self.url,
            headers=self.headers,
            body=body,
            timeout_s=self.timeout_s,
            buffer_response=self.buffer_response,
        )


class _Answer(Struct, frozen=True):
    """An Answer without its body."""

    status: int
    reason: str | None
    headers: Headers
    streamed: bool

    def with_body(self, body: bytes) -> Answer:
        return Answer(
            status=self.status,
            reason=self.reason or "",
            headers=self.headers,
            body=None if self.streamed else body,
        )


class _Reply(Struct, frozen=True):
    """The head of the engine's reply; which members it has depends on the question."""

    records: tuple[LoggedEvent | Trace | TokenMetric | _Fault | _StreamRead, ...] = ()
    limit_keys: tuple[str, ...] = ()
    cache: str = "none"
    same_body: bool = False
    """The body is the one that was sent with the question."""
    forward: _Forward | None = None
    answer: _Answer | None = None
    error: GatewayError | None = None
    engine_error: str | None = None


_REPLY = msgspec.msgpack.Decoder(_Reply)
_loads = count()


class Policies:
    """The policies of one folder, ready to run. Safe for many calls at once on one event loop."""

    def __init__(self, engine: EngineProcess, gateway: Gateway) -> None:
        self._engine = engine
        self._gateway = gateway
        self._calls = count()

    @classmethod
    async def load(
        cls, folder: Path, named_values: Mapping[str, str], *, gateway: Gateway | None = None
    ) -> "Policies":
        """Read, compile and start. Raises InvalidPolicies or MonoMissing."""
        gateway = gateway or Gateway()
        library, planned = await asyncio.to_thread(_build, folder, named_values, gateway)
        engine = await EngineProcess.start(compiler.engine(), library, planned)
        return cls(engine, gateway)

    async def __aenter__(self) -> "Policies":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        await self._engine.stop()

    async def inbound(self, request: Request) -> Passage:
        """Run inbound and backend: the passage says what to forward, or what to answer at once."""
        passage = Passage(call=next(self._calls))
        head = {"op": "inbound", "call": passage.call, **_described(request)}
        return _continued(passage, *await self._ask(head, request.body))

    async def refused(self, request: Request, error: GatewayError) -> Passage:
        """Run on-error for a request that the gateway refuses itself, before inbound: as one
        without a key."""
        passage = Passage(call=next(self._calls))
        head = {"op": "refuse", "call": passage.call, **_described(request), **_told(error)}
        return _continued(passage, *await self._ask(head, request.body))

    async def outbound(self, passage: Passage, response: Response) -> Passage:
        """Run outbound, once the backend's headers are there. A streamed response has no body,
        before and after; StreamBodyRead if a policy reads it all the same."""
        head = {
            "op": "outbound",
            "call": passage.call,
            "status": response.status,
            "reason": response.reason,
            "headers": response.headers,
            "streamed": response.body is None,
        }
        done = _continued(passage, *await self._ask(head, response.body or b""))
        usage = usage_of(response)
        return done if usage is None else await self.usage_known(done, usage)

    async def on_error(self, passage: Passage, error: GatewayError) -> Passage:
        """Run on-error for a failure of the gateway itself: a timeout or a lost connection."""
        head = {"op": "error", "call": passage.call, **_told(error)}
        return _continued(passage, *await self._ask(head))

    async def usage_known(self, passage: Passage, usage: Mapping[str, Any]) -> Passage:
        """Counts the call's tokens: token metrics and token limits. For a stream, call it with the
        usage of its last event."""
        tokens = count_tokens(usage)
        keys = list(passage.limit_keys)
        if keys:
            total = tokens.get("Total Tokens", 0)
            await self._ask({"op": "consume", "keys": keys, "tokens": total})
        return replace(passage, metrics=measured(passage.metrics, tokens))

    async def _ask(self, head: Mapping[str, Any], body: bytes = b"") -> tuple[_Reply, bytes]:
        """The reply with its body; `body` is that of the message the policies work on."""
        frame = await self._engine.ask(head, body)
        reply = _REPLY.decode(frame.head)
        if reply.engine_error is not None:
            raise EngineFailed(reply.engine_error)
        return reply, body if reply.same_body else frame.body


def _described(request: Request) -> dict[str, Any]:
    """A request without its body, which follows the head."""
    return {
        "request_id": request.id,
        "method": request.method,
        "url": request.url,
        "headers": request.headers,
        "subscription": request.subscription,
        "product": request.product,
        "operation": request.operation,
        "ip": request.ip,
    }


def _told(error: GatewayError) -> dict[str, Any]:
    return {
        "source": error.source,
        "reason": error.reason,
        "message": error.message,
        "section": error.section,
        "status": error.status,
    }


def _build(folder: Path, named_values: Mapping[str, str], gateway: Gateway) -> tuple[Path, Path]:
    policies = plan.read_policies(folder, named_values)
    expressions, findings = find_expressions(policies.elements)
    if findings:
        raise InvalidPolicies(findings)
    library = compiler.compile_expressions(expressions, f"expressions{next(_loads)}")
    planned = library.with_suffix(".json")
    content = {
        "managed_identity_token": gateway.managed_identity_token,
        "gateway": msgspec.to_builtins(gateway),
        "sections": plan.plan(policies, expressions),
    }
    planned.write_text(json.dumps(content), encoding="utf-8")
    return library, planned


def _continued(passage: Passage, reply: _Reply, body: bytes) -> Passage:
    """The passage after one reply: its events, traces and faults are those of that step alone."""
    kinds: dict[type, list[Any]] = {LoggedEvent: [], Trace: [], TokenMetric: [], _Fault: []}
    for record in reply.records:
        if isinstance(record, _StreamRead):
            message = "the body of a streamed response is read here"
            raise StreamBodyRead(Finding.at(record.position, message))
        kinds[type(record)].append(record)
    return Passage(
        call=passage.call,
        forward=reply.forward.with_body(body) if reply.forward else None,
        answer=reply.answer.with_body(body) if reply.answer else None,
        error=reply.error,
        events=tuple(kinds[LoggedEvent]),
        traces=tuple(kinds[Trace]),
        metrics=(*passage.metrics, *kinds[TokenMetric]),
        faults=tuple(fault.finding() for fault in kinds[_Fault]),
        limit_keys=reply.limit_keys,
        cache=reply.cache,
    )
