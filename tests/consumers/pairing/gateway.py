"""Calls as a gateway tells of them by its two paths, with the halves that a test takes away."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.fixtures.builders import CALL_TIME, TENANT, call_id, chat_usage

SERVICE = "apim-contoso"
GATEWAY_DELAY = timedelta(milliseconds=3)
"""The gateway notes a request's begin a little before its policy does."""
ANY_KEY = "any"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of a model. The halves are what arrives of it."""

    number: int
    subject: str = "user-1"
    time: datetime = CALL_TIME
    stream: bool = True
    status: int = 200
    operation: str = "chat-completions"
    prompt: int = 2048
    cached: int = 1024
    completion: int = 427
    has_event: bool = True
    has_outcome: bool = True
    has_trace: bool = True
    has_tokens: bool = True

    @property
    def id(self) -> str:
        return call_id(self.number)

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    @property
    def unreached(self) -> bool:
        """Whether the gateway answered by itself. A row of its LLM log may come all the same."""
        return self.status in {401, 403, 429, 503}

    @property
    def usage(self) -> dict[str, Any] | None:
        """What the policy saw."""
        if self.stream or self.status >= 400:
            return None
        if self.operation == "embeddings":
            return {"prompt_tokens": self.prompt, "total_tokens": self.prompt}
        return chat_usage(self.prompt, self.cached, self.completion)

    def event(self) -> bytes:
        """The UsageEvent."""
        caller = {"oid": self.subject, "tid": TENANT, "azp": None, "subscription": None}
        data = {
            **self._flat(),
            "caller": caller | {"product": "ai-standard"},
            "usage": self.usage,
        }
        document = {
            "specversion": "1.0",
            "type": "llm.call.v1",
            "id": self.id.upper(),
            "source": f"apim/{SERVICE}",
            "time": seven_digits(self.time),
            "subject": self.subject,
            "data": data,
        }
        return json.dumps(document).encode()

    def gateway_record(self) -> dict[str, Any]:
        """The row of GatewayLogs, with the trace if it has one."""
        properties: dict[str, Any] = {
            "method": "POST",
            "url": f"https://{SERVICE}.azure-api.net/openai/deployments/gpt-4.1-mini"
            f"/{_PATHS[self.operation]}?api-version=2024-10-21",
            "responseCode": self.status,
            "backendResponseCode": 0 if self.unreached else self.status,
            "backendTime": 0 if self.unreached else 790,
            "apiId": "llm",
        }
        if self.has_trace:
            properties["traceRecords"] = [self.trace()]
        return self._record("GatewayLogs", properties)

    def llm_record(self) -> dict[str, Any]:
        """The row of GatewayLlmLogs."""
        properties = {
            "requestId": f"chatcmpl-{self.number}",
            "deploymentName": "gpt-4.1-mini",
            "modelName": "gpt-4.1-mini-2025-04-14",
            "isStreamCompletion": self.stream,
            "promptTokens": self.prompt,
            "completionTokens": self.completion,
            "totalTokens": self.total,
            "promptCachedTokens": self.cached,
            "completionReasoningTokens": 0,
            "sequenceNumber": 0,
        }
        return self._record("GatewayLlmLogs", properties)

    def trace(self) -> dict[str, Any]:
        """The policy's trace: flat, "-" for what is absent."""
        fields = {
            "id": self.id,
            "time": seven_digits(self.time),
            "subject": self.subject,
            **self._flat(),
            **{"oid": self.subject, "tid": TENANT, "product": "ai-standard"},
            **{"azp": None, "subscription": None},
        }
        metadata = {name: as_metadata(value) for name, value in fields.items()}
        return {"source": "chargeback", "message": "llm.call.v1", "metadata": metadata}

    def _flat(self) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "status": self.status,
            "duration_ms": 812,
            "api": "llm",
            "operation": self.operation,
            "deployment": "gpt-4.1-mini",
            "model": None if self.usage is None else "gpt-4.1-mini-2025-04-14",
            "region": "swedencentral",
            "response_id": None,
            "service_tier": None,
            "session": None,
            "traceparent": None,
        }

    def _record(self, category: str, properties: dict[str, Any]) -> dict[str, Any]:
        return {
            "time": seven_digits(self.time - GATEWAY_DELAY),
            "category": category,
            "operationName": f"Microsoft.ApiManagement/{category}",
            "resourceId": f"/SUBSCRIPTIONS/0/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/{SERVICE}",
            "correlationId": self.id,
            "properties": properties,
        }


_PATHS = {
    "chat-completions": "chat/completions",
    "embeddings": "embeddings",
    "images": "images/generations",
    "audio-transcriptions": "audio/transcriptions",
    "audio-speech": "audio/speech",
    "responses": "responses",
    "messages": "v1/messages",
}


def seven_digits(time: datetime) -> str:
    """As .NET writes it."""
    return f"{time:%Y-%m-%dT%H:%M:%S.%f}4Z"


def as_metadata(value: object) -> str:
    """Metadata is text, and never empty."""
    if value is None:
        return "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


def envelope(*records: dict[str, Any]) -> bytes:
    """What one event of the diagnostics hub holds."""
    return json.dumps({"records": records}).encode()
