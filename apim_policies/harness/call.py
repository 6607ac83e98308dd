"""What goes into and comes out of the policies for one call: plain values, no behaviour."""

from uuid import UUID, uuid4

from msgspec import Struct, field

from apim_policies.errors import Finding

Headers = tuple[tuple[str, str], ...]
"""Header lines as they were on the wire; a name may occur more than once."""


class Gateway(Struct, frozen=True, kw_only=True):
    """The gateway and API on which the policies believe they run."""

    service: str = "apim-local"
    region: str = "local"
    api_id: str = "llm"
    api_path: str = ""
    """The API's own prefix, cut off before the path is appended to `backend_url`."""
    backend_url: str = "http://localhost"
    managed_identity_token: str = "local-managed-identity"
    """The token that authentication-managed-identity gives; no identity is asked."""


class Request(Struct, frozen=True, kw_only=True):
    """A caller's request, with what the gateway itself knows about the caller."""

    method: str
    url: str
    """The absolute URL, as the caller sent it."""
    headers: Headers = ()
    body: bytes = b""
    subscription: str | None = None
    """Id of the subscription whose key came with the request; the gateway has checked it."""
    product: str | None = None
    operation: str | None = None
    ip: str = "127.0.0.1"
    id: UUID = field(default_factory=uuid4)


class Forward(Struct, frozen=True, kw_only=True):
    """The request as it goes to the backend."""

    method: str
    url: str
    headers: Headers
    body: bytes
    timeout_s: int
    """Seconds until the answer's headers must be there."""
    buffer_response: bool


class Response(Struct, frozen=True, kw_only=True):
    """The backend's answer. A streamed one has no body here: nobody has read it yet."""

    status: int
    headers: Headers = ()
    body: bytes | None = None
    reason: str = ""


class Answer(Struct, frozen=True, kw_only=True):
    """The answer for the caller. With body None, pass the backend's bytes on as they arrive."""

    status: int
    headers: Headers
    body: bytes | None
    reason: str = ""


class GatewayError(Struct, frozen=True, kw_only=True):
    """An error that the gateway met or raised: what context.LastError says."""

    source: str
    reason: str
    message: str
    section: str
    status: int = 500
    """Status of the answer; 0 if the caller has hung up."""


TIMEOUT = GatewayError(
    source="forward-request",
    reason="Timeout",
    message="The backend did not answer in time.",
    section="backend",
)
KEY_MISSING = GatewayError(
    source="authorization",
    reason="SubscriptionKeyNotFound",
    message="Access denied due to missing subscription key.",
    section="inbound",
    status=401,
)
"""The gateway refuses a request without a key itself: on-error runs, and inbound does not."""
BACKEND_UNREACHABLE = GatewayError(
    source="forward-request",
    reason="BackendConnectionFailure",
    message="The connection to the backend failed.",
    section="backend",
)


CALLER_GONE = GatewayError(
    source="forward-request",
    reason="ClientConnectionFailure",
    message="The caller hung up while the request was pending.",
    section="backend",
    status=0,
)


class LoggedEvent(Struct, frozen=True, kw_only=True, tag="event", tag_field="kind"):
    """One log-to-eventhub message, cut at 200 KB like the gateway does."""

    logger_id: str
    body: bytes
    partition_key: str | None
    partition_id: str | None


class Trace(Struct, frozen=True, kw_only=True, tag="trace", tag_field="kind"):
    """One trace, as in traceRecords of the gateway's log."""

    source: str
    severity: str
    message: str
    metadata: dict[str, str]


class TokenMetric(Struct, frozen=True, kw_only=True, tag="token-metric", tag_field="kind"):
    """Token counts of one call with their dimensions, as Application Insights gets them."""

    namespace: str
    dimensions: dict[str, str | None]
    tokens: dict[str, int] = {}
    """Empty until the answer's usage is known."""


class Passage(Struct, frozen=True, kw_only=True):
    """How far a call came, and what the policies reported. The call is to be forwarded or answered;
    neither if the caller hung up."""

    call: int
    forward: Forward | None = None
    answer: Answer | None = None
    error: GatewayError | None = None
    """The error that on-error handled."""
    events: tuple[LoggedEvent, ...] = ()
    traces: tuple[Trace, ...] = ()
    metrics: tuple[TokenMetric, ...] = ()
    """Metrics that inbound asked for; they have tokens once the answer's usage is known."""
    faults: tuple[Finding, ...] = ()
    """Policies that threw an exception: each ended its section, and on-error ran."""
    limit_keys: tuple[str, ...] = ()
    cache: str = "none"
    """What the gateway's log says of a response cache: hit, miss, none."""
