"""Usage events as the gateway's policy would write them, for traffic without a gateway."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pricing_rules.decoding.wire_event import partition_key
from pricing_rules.types import Operation

SOURCE = "apim/apim-contoso"
TENANT = "0b8f0a52-6f0e-4a53-8c1d-7e2f5b9d4c10"
REGION = "swedencentral"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """What goes to an event hub."""

    partition_key: str
    """Of the subject, so that its calls stay in one partition."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayCall:
    """What the gateway's policy knows of one call when it writes the event."""

    id: str
    time: datetime
    """Aware UTC."""
    subject: str
    """Entra object id of the caller."""
    deployment: str
    model: str | None
    usage: Mapping[str, object] | None
    operation: Operation = Operation.CHAT_COMPLETIONS
    stream: bool = False
    status: int = 200

    def event(self) -> OutgoingEvent:
        """The event in the wire contract; equal calls give equal bytes."""
        document = {
            "specversion": "1.0",
            "type": "llm.call.v1",
            "id": self.id,
            "source": SOURCE,
            # Seven digits, as .NET's "o" format in the policy writes them.
            "time": f"{self.time:%Y-%m-%dT%H:%M:%S.%f}0Z",
            "subject": self.subject,
            "data": self._data(),
        }
        body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return OutgoingEvent(partition_key=partition_key(self.subject), body=body)

    def _data(self) -> dict[str, object]:
        caller = {"oid": self.subject, "tid": TENANT, "azp": None, "subscription": None}
        return {
            "stream": self.stream,
            "status": self.status,
            "duration_ms": None,
            "caller": caller | {"product": "ai-standard"},
            "api": "llm",
            "operation": self.operation,
            "deployment": self.deployment,
            "model": self.model,
            "region": REGION,
            "response_id": None,
            "service_tier": "default" if self.usage is not None else None,
            "session": None,
            "traceparent": None,
            "usage": self.usage,
        }


def chat_usage(
    *, prompt: int, cached: int, completion: int, reasoning: int = 0
) -> dict[str, object]:
    """The `usage` object of a chat completion. `cached` ⊂ `prompt`, `reasoning` ⊂ `completion`."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reasoning, "audio_tokens": 0},
    }
