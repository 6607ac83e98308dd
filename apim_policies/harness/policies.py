"""The deployed policies as a program: load once, then ask per call what inbound, outbound and
on-error do. Moves no bytes itself; a gateway or a test sits around it."""

import asyncio
import json
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from apim_policies.errors import Finding, InvalidPolicies, StreamBodyRead
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
from apim_policies.harness.engine_process import EngineProcess, Reply
from apim_policies.harness.expressions import find_expressions
from apim_policies.harness.token_metric import count_tokens, measured, usage_of

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
        """Inbound and backend: the passage says what to forward, or what to answer at once."""
        passage = Passage(call=next(self._calls))
        gateway = self._gateway
        head = {
            "op": "inbound",
            "call": passage.call,
            "request_id": str(request.id),
            "method": request.method,
            "url": request.url,
            "headers": request.headers,
            "subscription": request.subscription,
            "product": request.product,
            "operation": request.operation,
            "ip": request.ip,
            "service": gateway.service,
            "region": gateway.region,
            "api": {
                "id": gateway.api_id,
                "path": gateway.api_path,
                "service_url": gateway.backend_url,
            },
        }
        return _continued(passage, await self._engine.ask(head, request.body))

    async def outbound(self, passage: Passage, response: Response) -> Passage:
        """Outbound, once the backend's headers are there. A streamed response comes and leaves
        without body; StreamBodyRead if a policy reads it all the same."""
        head = {
            "op": "outbound",
            "call": passage.call,
            "status": response.status,
            "reason": response.reason,
            "headers": response.headers,
            "streamed": response.body is None,
        }
        done = _continued(passage, await self._engine.ask(head, response.body or b""))
        usage = usage_of(response)
        return done if usage is None else await self.usage_known(done, usage)

    async def on_error(self, passage: Passage, error: GatewayError) -> Passage:
        """On-error, for what the gateway itself meets: a timeout, a lost connection."""
        head = {
            "op": "error",
            "call": passage.call,
            "source": error.source,
            "reason": error.reason,
            "message": error.message,
            "section": error.section,
            "status": error.status,
        }
        return _continued(passage, await self._engine.ask(head))

    async def usage_known(self, passage: Passage, usage: Mapping[str, Any]) -> Passage:
        """Counts the call's tokens: token metrics and token limits. For a stream, call it with the
        usage of its last event."""
        tokens = count_tokens(usage)
        keys = list(passage.limit_keys)
        if keys:
            total = tokens.get("Total Tokens", 0)
            await self._engine.ask({"op": "consume", "keys": keys, "tokens": total})
        return replace(passage, metrics=measured(passage.metrics, tokens))


def _build(folder: Path, named_values: Mapping[str, str], gateway: Gateway) -> tuple[Path, Path]:
    policies = plan.read_policies(folder, named_values)
    expressions, findings = find_expressions(policies.elements)
    if findings:
        raise InvalidPolicies(findings)
    library = compiler.compile_expressions(expressions, f"expressions{next(_loads)}")
    planned = library.with_suffix(".json")
    content = {
        "managed_identity_token": gateway.managed_identity_token,
        "sections": plan.plan(policies, expressions),
    }
    planned.write_text(json.dumps(content), encoding="utf-8")
    return library, planned


def _continued(passage: Passage, reply: Reply) -> Passage:
    """The passage after one reply: its events, traces and faults are those of that step alone."""
    records: dict[str, list[Mapping[str, Any]]] = {}
    for record in reply.head["records"]:
        records.setdefault(record["kind"], []).append(record)
    for read in records.get("stream-read", ()):
        raise StreamBodyRead(
            Finding.at(read["position"], "the body of a streamed response is read here")
        )
    error = reply.head.get("error")
    return replace(
        passage,
        forward=_forward(reply),
        answer=_answer(reply),
        error=GatewayError(**error) if error else None,
        events=tuple(map(_event, records.get("event", ()))),
        traces=tuple(map(_trace, records.get("trace", ()))),
        metrics=(*passage.metrics, *map(_metric, records.get("token-metric", ()))),
        faults=tuple(map(_fault, records.get("fault", ()))),
        limit_keys=tuple(reply.head["limit_keys"]),
    )


def _forward(reply: Reply) -> Forward | None:
    forward = reply.head.get("forward")
    if forward is None:
        return None
    return Forward(
        method=forward["method"],
        url=forward["url"],
        headers=_headers(forward["headers"]),
        body=reply.body,
        timeout_s=forward["timeout_s"],
        buffer_response=forward["buffer_response"],
    )


def _answer(reply: Reply) -> Answer | None:
    answer = reply.head.get("answer")
    if answer is None:
        return None
    return Answer(
        status=answer["status"],
        reason=answer["reason"] or "",
        headers=_headers(answer["headers"]),
        body=None if answer["streamed"] else reply.body,
    )


def _headers(pairs: Iterable[tuple[str, str]]) -> Headers:
    return tuple((name, value) for name, value in pairs)


def _event(record: Mapping[str, Any]) -> LoggedEvent:
    return LoggedEvent(
        logger_id=record["logger_id"],
        body=b64decode(record["body"]),
        partition_key=record["partition_key"],
        partition_id=record["partition_id"],
    )


def _trace(record: Mapping[str, Any]) -> Trace:
    return Trace(
        source=record["source"],
        severity=record["severity"],
        message=record["message"],
        metadata=dict(record["metadata"]),
    )


def _metric(record: Mapping[str, Any]) -> TokenMetric:
    dimensions = dict(record["dimensions"])
    return TokenMetric(namespace=record["namespace"], dimensions=dimensions, tokens={})


def _fault(record: Mapping[str, Any]) -> Finding:
    return Finding.at(record["position"], f"{record['policy']} failed: {record['message']}")
