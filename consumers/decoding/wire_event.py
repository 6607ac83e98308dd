"""The wire form of a UsageEvent as msgspec reads it; apim_policies/usage_event.schema.json is law.

Fields that are not named here are ignored, so that a newer policy does not break an older consumer.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from pricing_rules.types import Operation

STATUS_MAX = 599


class EventType(StrEnum):
    CALL = "llm.call.v1"
    """Written by the gateway's policy."""
    COMPLETED = "llm.call.completed.v1"
    """Published by pairing after it joined the halves of a call."""


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
