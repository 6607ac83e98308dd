"""What one report says about a gateway call: the facts that table `opencalls` keeps. Pure.

A fact never changes and is never merged here; `joined_call` says what a call's facts mean
together.
"""

import hashlib
from datetime import datetime

import msgspec

from pricing_rules.types import BACKGROUND_WAITING, CountedAt, Operation, Rank


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
    usage_unasked: bool = False
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
    served_deployment: str | None = None
    spillover_from: str | None = None
    cache: str | None = None
    requested_tier: str | None = None
    tools_requested: tuple[str, ...] = ()
    tool_calls: tuple[tuple[str, int], ...] = ()
    tool_usage: str | None = None
    """What the answer says of its tools, as JSON."""
    body_unread: str | None = None
    background: bool = False
    response_status: str | None = None
    duration: str | None = None
    """Seconds of audio that the answer says next to its text, by the trace alone: a UsageEvent that
    says them is metered as it is."""

    @property
    def pending(self) -> bool:
        """Whether its answer is made in the background, and can be fetched by its id later."""
        return (
            self.background
            and self.response_status in BACKGROUND_WAITING
            and self.response_id is not None
            and not self.stream
            and self.status < 400
        )


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
    fetches: str | None = None
    """By the path of the request: the id of the response that it asks for."""
    fetches_stream: bool = False
    """By the query of the request: whether it asks for that response as a stream."""
    unmetered: str | None = None
    """By the path of the request: a billed operation that nobody counts per call."""
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
    others: tuple[tuple[str, int | str], ...] = ()
    """What fields of tokens hold that nobody reads, by path in lower case: a newer gateway may
    write what is billed apart."""

    @property
    def any(self) -> bool:
        """Whether anything was counted; rows of message chunks count nothing."""
        return bool(self.prompt or self.completion or self.total or self.cached)


class Created(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="c"):
    """A call had its answer made in the background: kept with that answer's own rows."""

    call_id: str
    identity: Identity
    waits: bool
    """Whether the call is pending; False where its usage comes by the usual ways too."""
    due: datetime
    """When it is given up, in stream time."""
    reported: bool
    """Whether its UsageEvent says so, and not only the trace."""

    @property
    def time(self) -> datetime:
        """Of the call."""
        return self.identity.time

    @property
    def place(self) -> CountedAt:
        """Where the call counts."""
        return CountedAt(self.identity.subject, self.identity.time)


class Fetched(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="a"):
    """A finished background answer was fetched: kept with the call that fetched it, and with the
    answer's own rows.
    """

    identity: Identity
    """Of the call that fetched it. Its subject is not who pays."""
    rank: int
    tokens: int
    """Sum over the units of its usage."""
    usage: str | None = None
    """The usage object as JSON; None of an answer that failed or was cancelled."""

    @property
    def time(self) -> datetime:
        """Of the call that fetched it."""
        return self.identity.time

    @property
    def strength(self) -> tuple[int, int]:
        """As the ledger compares it."""
        return (0, 0) if self.usage is None else (self.rank, self.tokens)

    @property
    def of_background(self) -> bool:
        """Whether the answer was made in the background for certain: the policy read so, or it was
        fetched as a stream. Any stored answer can be fetched in one piece, and its usage was
        counted with the call that it answered.
        """
        return self.rank != Rank.GATEWAY_LOG or self.identity.stream

    def says_as_much(self, other: "Fetched") -> bool:
        """Whether the other one says nothing new. A caller may fetch an answer at will."""
        same_model = self.identity.model == other.identity.model
        as_sure = self.of_background or not other.of_background
        return self.strength >= other.strength and same_model and as_sure


Fact = EventReport | RequestRecord | TokenCounts | Created | Fetched

_ENCODER = msgspec.json.Encoder()
_DECODER: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)
KINDS: dict[type[Fact], str] = {
    EventReport: "reported",
    RequestRecord: "outcome",
    TokenCounts: "tokens",
    Created: "created",
    Fetched: "fetched",
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
