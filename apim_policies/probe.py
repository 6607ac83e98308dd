"""Sends every operation through the policies, plain, streamed, refused and failed. Checks that
there is one UsageEvent by the contract and a trace with the same fields, that nothing fails, and
that no stream is held back."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema

from apim_policies.errors import Finding, StreamBodyRead
from apim_policies.harness.call import (
    TIMEOUT,
    GatewayError,
    LoggedEvent,
    Passage,
    Request,
    Response,
)
from apim_policies.harness.policies import Policies

EVENT_BYTES_MAX = 65_536
TRACE_TOOLS_CHARS_MAX = 200
"""Longer text is in the event alone: the trace has to stay small."""
NOT_IN_TRACE = "not_in_trace"
"""The kind of tool that stands for those which are left out of a trace: they may cost something."""

PATHS: Mapping[str, str] = {
    "chat-completions": "/openai/deployments/d/chat/completions",
    "completions": "/openai/deployments/d/completions",
    "responses": "/openai/v1/responses",
    "embeddings": "/openai/v1/embeddings",
    "images": "/openai/deployments/d/images/generations",
    "audio-transcriptions": "/openai/deployments/d/audio/transcriptions",
    "audio-speech": "/openai/deployments/d/audio/speech",
    "messages": "/anthropic/v1/messages",
}
_JSON = (("Content-Type", "application/json"),)
_EVENT_STREAM = (("Content-Type", "text/event-stream; charset=utf-8"),)
_USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
_SCHEMA = Path(__file__).parent / "usage_event.schema.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One call and how it ends at the backend."""

    operation: str
    request: Request
    end: Response | GatewayError
    usage: Mapping[str, Any] | None
    """What the event must report."""


def probes() -> Iterator[Probe]:
    """Every operation in every way a call can end."""
    answer = json.dumps({"id": "r", "model": "m", "usage": _USAGE}).encode()
    ends: tuple[tuple[Response | GatewayError, Mapping[str, Any] | None], ...] = (
        (Response(status=200, headers=_JSON, body=answer), _USAGE),
        (Response(status=200, headers=_EVENT_STREAM), None),
        # A backend may stream with another type; the request's own flag must be enough.
        (Response(status=200, headers=_JSON), None),
        (Response(status=429, headers=_JSON, body=b'{"error":{"code":"429"}}'), None),
        (Response(status=200, headers=_JSON, body=b"cut off {"), None),
        (TIMEOUT, None),
    )
    for operation, path in PATHS.items():
        for end, usage in ends:
            stream = isinstance(end, Response) and end.body is None
            if operation == "embeddings" and end == Response(status=200, headers=_JSON):
                continue  # an embedding is never streamed
            body = json.dumps({"model": "d", "stream": stream}).encode()
            url = f"https://gateway{path}"
            headers = (*_JSON, length_of(body))
            request = Request(
                method="POST", url=url, headers=headers, body=body, subscription="probe"
            )
            yield Probe(operation=operation, request=request, end=end, usage=usage)


def length_of(body: bytes) -> tuple[str, str]:
    """The header that a client sends with a body which it does not send in chunks."""
    return ("Content-Length", str(len(body)))


async def travel(policies: Policies, request: Request, end: Response | GatewayError) -> Passage:
    """One call from inbound to its answer; `end` is what the backend makes of it, if asked."""
    passage = await policies.inbound(request)
    if passage.answer is not None:
        return passage
    if isinstance(end, GatewayError):
        return await policies.on_error(passage, end)
    return await policies.outbound(passage, end)


async def run_probes(policies: Policies) -> list[Finding]:
    """Findings of all probes, each once. Assumes that a subscription key lets callers in."""
    schema = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema)
    findings: dict[Finding, None] = {}
    for probe in probes():
        try:
            passage = await travel(policies, probe.request, probe.end)
        except StreamBodyRead as error:
            findings[error.finding] = None
            continue
        findings |= dict.fromkeys(passage.faults)
        findings |= dict.fromkeys(
            Finding(file=_SCHEMA.name, line=0, message=f"{probe.operation}: {fault}")
            for fault in _faults(probe, passage, validator)
        )
    return list(findings)


def _faults(
    probe: Probe, passage: Passage, validator: jsonschema.Draft202012Validator
) -> Iterator[str]:
    if len(passage.events) != 1 or len(passage.traces) != 1:
        yield f"{len(passage.events)} events and {len(passage.traces)} traces, expected one of each"
        return
    [logged], [trace] = passage.events, passage.traces
    event = json.loads(logged.body)
    yield from (f"{error.json_path}: {error.message}" for error in validator.iter_errors(event))
    if len(logged.body) >= EVENT_BYTES_MAX:
        yield f"the event has {len(logged.body)} bytes, expected less than {EVENT_BYTES_MAX}"
    if logged.partition_key != event["subject"]:  # a probe's is short
        yield f"partition key {logged.partition_key}, expected the subject {event['subject']}"
    if event["data"]["usage"] != probe.usage:
        yield f"usage {event['data']['usage']}, expected {probe.usage}"
    if trace.metadata != trace_twin(logged):
        yield f"trace {trace.metadata} differs from the event, expected {trace_twin(logged)}"


def trace_twin(logged: LoggedEvent) -> dict[str, str]:
    """The trace metadata that says the same as an event: flat, "-" for null, without any usage."""
    event = json.loads(logged.body)
    data = dict(event["data"])
    fields = {name: event[name] for name in ("id", "time", "subject")}
    fields |= data.pop("caller") | data
    del fields["usage"]
    if fields["tools"] is not None:
        fields["tools"] = {**fields["tools"], "usage": None}
    told = {name: _told(value) for name, value in fields.items()}
    if len(told["tools"]) > TRACE_TOOLS_CHARS_MAX:
        told["tools"] = _told({**fields["tools"], "requested": [NOT_IN_TRACE]})
    if len(told["tools"]) > TRACE_TOOLS_CHARS_MAX:
        calls = {NOT_IN_TRACE: 1}
        told["tools"] = _told({"requested": [NOT_IN_TRACE], "calls": calls, "usage": None})
    return told


def _told(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, dict | bool):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return str(value)
