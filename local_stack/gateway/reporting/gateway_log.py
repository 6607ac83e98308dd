"""Records of the categories GatewayLogs and GatewayLlmLogs for one call. Pure; it does not know who
sends them, or when."""

import json
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from apim_policies.harness.call import Gateway, Trace
from apim_policies.harness.token_metric import count_tokens
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.operation import deployment_of, operation_of
from local_stack.gateway.reporting.trap import Trap

Record = dict[str, Any]

URLS_CACHED_MAX = 256
_CHUNKS = 3
_REFUSED_MIN = 400
_CHARACTERS_PER_TOKEN = 4
_RESOURCE = (
    "/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/LOCAL"
    "/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayLog:
    """Makes the records of one gateway's calls."""

    gateway: Gateway
    traps: Collection[Trap] = ()

    def records(self, call: CallLog, *, now_s: float | None = None) -> list[Record]:
        """The call's row, and its LLM rows if the model reported usage. `now_s` is the end of the
        call on the monotonic clock."""
        ended_s = time.monotonic() if now_s is None else now_s
        return [self._gateway_row(call, ended_s), *self._llm_rows(call)]

    def probe(self, call: CallLog) -> Record:
        """An LLM row that belongs to no call."""
        blank = {"requestId": "", "apiVersion": "", "deploymentName": "", "modelName": ""}
        row = self._llm_row(call, {}, sequence=0)
        row["correlationId"] = str(uuid4())
        row["properties"] |= {**blank, "isStreamCompletion": False}
        return row

    def _gateway_row(self, call: CallLog, ended_s: float) -> Record:
        failed = call.error is not None or not 200 <= call.status < 400
        row = self._head(call, "GatewayLogs", level=2 if failed else 4)
        duration_ms = round((ended_s - call.started_s) * 1_000)
        row |= {
            "isRequestSuccess": not failed,
            "durationMs": duration_ms,
            "callerIpAddress": call.request.ip,
            "resultType": "Failed" if failed else "Succeeded",
            "truncated": 0,
            "properties": self._gateway_properties(call, duration_ms),
        }
        return row

    def _gateway_properties(self, call: CallLog, duration_ms: int) -> Record:
        request, forward = call.request, call.forward
        backend_ms = round(call.backend_s * 1_000)
        operation = operation_of(_path_and_version(request.url)[0])
        traces: object = [_trace_record(trace) for trace in call.traces]
        if Trap.TRACE_TEXT in self.traps:
            traces = json.dumps(traces)
        properties: Record = {
            "method": request.method,
            "url": request.url,
            "responseCode": call.status,
            "responseSize": call.response_bytes,
            "requestSize": len(request.body),
            "cache": call.cache,
            "clientProtocol": "HTTP/1.1",
            "clientTime": max(0, duration_ms - backend_ms),
            "backendTime": backend_ms,
            "backendResponseCode": call.backend_status,
            "apiId": self.gateway.api_id,
            "apiRevision": "1",
            "operationId": operation.id if operation else "",
            "productId": request.product or "",
            "apimSubscriptionId": request.subscription or "",
            "userId": "",
            "traceRecords": traces,
        }
        if forward is not None:
            backend = {"backendMethod": forward.method, "backendUrl": forward.url}
            properties |= {**backend, "backendProtocol": "HTTP/1.1"}
        if call.error is not None:
            properties |= {
                "lastErrorSource": call.error.source,
                "lastErrorReason": call.error.reason,
                "lastErrorMessage": call.error.message,
                "lastErrorSection": call.error.section,
            }
        return properties

    def _llm_rows(self, call: CallLog) -> list[Record]:
        """There are no rows for operations that the real log is not known to cover, and none
        without usage. The real gateway then estimates, and nobody should bill an estimate."""
        operation = operation_of(_path_and_version(call.request.url)[0])
        if operation is None or not operation.llm_logged:
            return []
        if call.answer.usage is None:
            estimated = Trap.ESTIMATES in self.traps and call.backend_status >= _REFUSED_MIN
            return [self._llm_row(call, _estimate(call), sequence=0)] if estimated else []
        tokens = next((metric.tokens for metric in call.metrics if metric.tokens), None)
        if tokens is None:
            tokens = count_tokens(call.answer.usage)
        rows = [self._llm_row(call, tokens, sequence=0)]
        if Trap.REPEATS in self.traps:
            early = {name: count // 2 for name, count in tokens.items()}
            rows.insert(0, self._llm_row(call, early, sequence=0))
        if Trap.CHUNKS in self.traps:
            rows[-1]["properties"]["requestMessages"] = [{"role": "user", "content": "(left out)"}]
            for sequence in range(1, _CHUNKS):
                chunk = self._llm_row(call, {}, sequence=sequence)
                chunk["properties"] |= {"apiVersion": "", "deploymentName": "", "modelName": ""}
                chunk["properties"]["responseMessages"] = [{"role": "assistant", "content": ""}]
                rows.append(chunk)
        return rows

    def _llm_row(self, call: CallLog, tokens: dict[str, int], *, sequence: int) -> Record:
        row = self._head(call, "GatewayLlmLogs", level=4)
        row |= {"Region": self.gateway.region, "serviceName": self.gateway.service}
        path, version = _path_and_version(call.request.url)
        row["properties"] = {
            "requestId": call.answer.response_id or "",
            "apiVersion": version,
            "deploymentName": deployment_of(path, call.request.body),
            "modelName": call.answer.model or "",
            "isStreamCompletion": call.streamed and Trap.STREAM_FLAG not in self.traps,
            "promptTokens": tokens.get("Prompt Tokens", 0),
            "completionTokens": tokens.get("Completion Tokens", 0),
            "totalTokens": tokens.get("Total Tokens", 0),
            "promptCachedTokens": tokens.get("Prompt Cached Tokens", 0),
            "completionReasoningTokens": tokens.get("Completion Reasoning Tokens", 0),
            "sequenceNumber": sequence,
        }
        return row

    def _head(self, call: CallLog, category: str, *, level: int) -> Record:
        return {
            "DeploymentVersion": "local",
            "Level": level,
            "Sku": "BasicV2",
            "time": _seven_digits(call.started_ns),
            "resourceId": _RESOURCE + self.gateway.service.upper(),
            "operationName": f"Microsoft.ApiManagement/{category}",
            "category": category,
            "correlationId": str(call.request.id),
            "location": self.gateway.region,
        }


def _estimate(call: CallLog) -> dict[str, int]:
    """What the gateway thinks of a prompt that no model has counted."""
    prompt = len(call.request.body) // _CHARACTERS_PER_TOKEN
    return {"Prompt Tokens": prompt, "Total Tokens": prompt}


def _trace_record(trace: Trace) -> Record:
    return {
        "source": trace.source,
        "severity": trace.severity,
        "message": trace.message,
        "metadata": trace.metadata,
    }


@lru_cache(maxsize=URLS_CACHED_MAX)
def _path_and_version(url: str) -> tuple[str, str]:
    """The URL's path and its api-version, empty if there is none. Callers use few URLs."""
    parts = urlsplit(url)
    return parts.path, parse_qs(parts.query).get("api-version", [""])[0]


def _seven_digits(time_ns: int) -> str:
    """.NET's ticks are 100 ns: one digit more than Python's times have."""
    seconds, rest_ns = divmod(time_ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest_ns // 100:07d}Z"


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    """Most calls start in the same second as the last one."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}"
