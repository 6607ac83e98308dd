"""The wire form of a UsageEvent as msgspec reads it; apim_policies/usage_event.schema.json is law.

Fields that are not named here are ignored, so that a newer policy does not break an older consumer.
"""

from decimal import Decimal
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pricing_rules.types import Operation

STATUS_MAX = 599
TOOL_CALLS_MAX = 10**9
PARTITION_KEY_CHARS_MAX = 128
"""In UTF-16 units, as Event Hubs and its clients count."""


class EventType(StrEnum):
    CALL = "llm.call.v1"
    """Written by the gateway's policy."""
    COMPLETED = "llm.call.completed.v1"
    """Published by pairing after it joined the halves of a call."""
    USAGE = "llm.call.usage.v1"
    """Written by the policy when a finished background answer is fetched, by whomever."""


class WireCaller(Struct, gc=False):
    oid: str | None = None
    tid: str | None = None
    azp: str | None = None
    subscription: str | None = None
    product: str | None = None


class WireReplaced(Struct, gc=False):
    """The place in the ledger that a completed call is taken from."""

    subject: str
    time: str


class WireTools(Struct, gc=False):
    """Tools that the request offers, and what the answer says of their use."""

    requested: list[str] = []
    calls: dict[str, Annotated[int, Meta(ge=0, le=TOOL_CALLS_MAX)]] = {}
    usage: dict[str, Any] | None = None


class WireCall(Struct, gc=False):
    """The `data` of the event. `usage` is the model's own object, verbatim."""

    stream: bool
    status: Annotated[int, Meta(ge=0, le=STATUS_MAX)]
    operation: Operation
    usage: dict[str, Any] | None
    duration_ms: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = None
    caller: WireCaller | None = None
    api: str | None = None
    deployment: str | None = None
    model: str | None = None
    region: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    session: str | None = None
    traceparent: str | None = None
    served_deployment: str | None = None
    spillover_from: str | None = None
    cache: str | None = None
    requested_tier: str | None = None
    tools: WireTools | None = None
    duration: Decimal | None = None
    body_unread: str | None = None
    usage_unasked: bool | None = None
    background: bool | None = None
    response_status: str | None = None
    backend_host: str | None = None
    completed_from: list[str] | None = None
    replaces: WireReplaced | None = None


class WireEvent(Struct, gc=False):
    specversion: Literal["1.0"]
    type: EventType
    id: str
    source: str
    time: str
    subject: str
    data: WireCall


def partition_key(subject: str) -> str:
    """The hub's partition key of a subject, as chargeback-usage-event.fragment.xml makes it."""
    if len(subject.encode("utf-16-le")) <= 2 * PARTITION_KEY_CHARS_MAX:
        return subject
    return sha256(subject.encode()).hexdigest()
