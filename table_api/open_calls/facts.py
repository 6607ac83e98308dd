"""What one report says about a gateway call: the facts that table `opencalls` keeps. Pure.

A fact never changes and is never merged here; `joined_call` says what a call's facts mean
together.
"""

import hashlib
from datetime import datetime

import msgspec

from pricing_rules.types import Operation

CACHE_HIT = "hit"
"""What the gateway's log and its policy write of an answer from the gateway's cache."""


class Identity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Who called what: everything that a UsageEvent says but its id and usage."""

    subject: str
    time: datetime
    """When the request reached the gateway, as its policy wrote it: aware UTC."""
    stream: bool
    status: int
    """HTTP status of the answer; 0 when the caller hung up before one."""
    operation: Operation
    source: str | None = None
    duration_ms: int | None = None
    oid: str | None = None
    tid: str | None = None
    azp: str | None = None
    subscription: str | None = None
    product: str | None = None
    api: str | None = None
    deployment: str | None = None
    model: str | None = None
    region: str | None = None
    response_id: str | None = None
    service_tier: str | None = None
    session: str | None = None
    traceparent: str | None = None


class EventReport(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="r"):
    """The call's UsageEvent arrived."""

    identity: Identity
    metered: bool
    """Whether metering posts it as it is, since it has usage or was refused."""
    tokens: int | None = None
    """Sum over the units of its usage; None without usage."""
    prompt: int | None = None
    """The prompt's part of them."""

    @property
    def time(self) -> datetime:
        """Of the call."""
        return self.identity.time


class RequestRecord(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="o"
):
    """The gateway's own record of the request (GatewayLogs)."""

    time: datetime
    """When the request began, by the gateway's clock: aware UTC."""
    status: int
    backend_status: int | None = None
    backend_ms: int | None = None
    """Time spent on the backend."""
    operation: Operation | None = None
    """By the path of the request; None when it is no model call that we know."""
    api: str | None = None
    deployment: str | None = None
    """By the path of the request."""
    service: str | None = None
    subscription: str | None = None
    product: str | None = None
    error: str | None = None
    """The gateway's reason, such as TokenLimitExceeded."""
    identity: Identity | None = None
    """From the policy's trace; None when the row carries none."""
    cache: str | None = None
    """CACHE_HIT when the gateway answered from its own cache."""
    backend_host: str | None = None
    """Who the gateway sent the request to, in lower case."""


class TokenCounts(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="t"):
    """One row of the gateway's LLM log (GatewayLlmLogs), its counts as written."""

    time: datetime
    prompt: int = 0
    completion: int = 0
    total: int = 0
    cached: int = 0
    reasoning: int = 0
    model: str | None = None
    deployment: str | None = None
    response_id: str | None = None

    @property
    def any(self) -> bool:
        """Whether anything was counted; rows of message chunks count nothing."""
        return bool(self.prompt or self.completion or self.total or self.cached)


Fact = EventReport | RequestRecord | TokenCounts

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
KINDS: dict[type[Fact], str] = {
    EventReport: "reported",
    RequestRecord: "outcome",
    TokenCounts: "tokens",
}
HASH_CHARS = 16


def encode_fact(fact: Fact) -> str:
    """Equal facts give equal text."""
    return _ENCODER.encode(fact).decode()


def decode_fact(text: str) -> Fact:
    """The inverse of encode_fact."""
    return _DECODER.decode(text)


def fact_name(fact: Fact, text: str) -> str:
    """`kind|hash of the text`: the same fact once more has the same name."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"{KINDS[type(fact)]}|{digest[:HASH_CHARS]}"
