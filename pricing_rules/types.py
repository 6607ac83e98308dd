"""The domain's values: a metered call (UsageEvent), a rated call (PricedCall) and its evidence."""

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum, StrEnum

import msgspec

from pricing_rules.units import PROMPT_UNITS, Unit

REFUSED_STATUS = frozenset({401, 403, 429})
"""Answers of the gateway or the model that no provider charges for."""
UNATTRIBUTED = "unattributed"
"""Subject of a call whose caller nobody could name."""
CACHE_HIT = "hit"
"""What `cache` says of an answer from the gateway's own cache."""
BACKGROUND_WAITING = frozenset({"queued", "in_progress"})
"""What a background answer says of itself until it is finished."""


class Operation(StrEnum):
    """The model API that was called. It decides what the provider's prompt count includes."""

    CHAT_COMPLETIONS = "chat-completions"
    COMPLETIONS = "completions"
    RESPONSES = "responses"
    EMBEDDINGS = "embeddings"
    IMAGES = "images"
    AUDIO_TRANSCRIPTIONS = "audio-transcriptions"
    AUDIO_SPEECH = "audio-speech"
    MESSAGES = "messages"
    """Anthropic Messages: its `input_tokens` excludes cached tokens, all others include them."""


class Rank(IntEnum):
    """How good the source of a call's usage is; the first part of its strength."""

    PENDING = -1
    """A background answer that nobody has fetched: any other report is stronger."""
    NO_USAGE = 0
    GATEWAY_LOG = 1
    MODEL_USAGE = 2
    MOVED = 9
    """No report, but the word that the call stands under another key: nothing beats it."""


# The values below are made once or more per call. A frozen dataclass takes 12 times as long to
# build as a frozen Struct, which would be most of the time of rating. `msgspec.structs.replace` is
# their `dataclasses.replace`. None holds a cycle, so the garbage collector need not look (`gc`).
class Caller(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who called, as the gateway validated it. None where the gateway did not say."""

    oid: str | None = None
    """Entra object id of the user or service principal."""
    tid: str | None = None
    """Entra tenant id."""
    azp: str | None = None
    """Entra application (client) id."""
    subscription: str | None = None
    """API Management subscription id."""
    product: str | None = None
    """API Management product id."""


class Exclusion(StrEnum):
    """What the cost of a call leaves out, since nobody reported it. A closed list."""

    CACHE_WRITE = "cache_write"
    """Cache writes, of Anthropic's models and of whatever prices them: the gateway's log does not
    count them."""
    DETAILS = "details"
    """Cached and reasoning tokens of the log contradicted its other counts and were left out."""
    MODALITY = "modality"
    """Audio and image tokens, charged as text: the gateway's log does not tell them apart."""
    TOOL_FEES = "tool_fees"
    """Fees of tools that the model's server may have run: the log does not count them."""
    TIER = "tier"
    """The service tier, which no answer said: that of the alias, else default, was assumed."""
    ESTIMATED = "estimated"
    """The gateway estimated the tokens, or may have: the model reported none, or none was asked."""


RULE_EXCLUSIONS = frozenset(
    {Exclusion.CACHE_WRITE, Exclusion.MODALITY, Exclusion.TOOL_FEES, Exclusion.TIER}
)
"""What a rule adds since it prices what the gateway's log cannot count; rating says it again."""


class Caveats(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Why counts alone may not set the price of a call. The price book has the last word."""

    unread: tuple[tuple[str, str], ...] = ()
    """Path and value of each field that no reader takes and that means something."""
    contradiction: str | None = None
    """The two numbers that cannot both be true; the counts are then those of the top level."""
    unsplit_cache: bool = False
    """Cached tokens of a prompt of several modalities, and nobody says of which."""
    passes: tuple[int, int] | None = None
    """Tokens of the smallest and of the largest prompt, where an answer took several passes."""


class Usage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Disjoint counts of one call: each token stands in exactly one unit."""

    counts: Mapping[Unit, int]
    """Quantity per unit, positive only. REASONING never stands here: it is part of OUTPUT."""
    reasoning: int = 0
    """Reasoning tokens among `counts[OUTPUT]`, for information or for a rule that prices them."""
    excludes: tuple[str, ...] = ()
    """What the source of the counts could not tell: see docs/usage_event.md."""
    caveats: Caveats | None = None
    """None of nearly every call: each number was read, and they agree."""

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt: plain, cached and cache-written tokens of every modality."""
        return sum(count for unit, count in self.counts.items() if unit in PROMPT_UNITS)

    @property
    def total(self) -> int:
        """Sum over all units: the second part of a call's strength."""
        return sum(self.counts.values())


class CountedAt(msgspec.Struct, frozen=True, gc=False):
    """Under which subject and time the ledger counts a call."""

    subject: str
    time: datetime


class UsageEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One metered gateway call, decoded (wire form: apim_policies/usage_event.schema.json)."""

    id: str
    """Identity of the call: the gateway's request id in lower case."""
    source: str
    """Which gateway reported it. Informational: `id` alone identifies the call."""
    subject: str
    """Who is billed: Entra oid, `subscription:ID`, `app:ID`, `anonymous`, `unattributed`. NFC."""
    time: datetime
    """When the request reached the gateway: aware UTC, truncated to the microsecond."""
    operation: Operation
    stream: bool
    status: int
    """HTTP status of the model's answer, or the gateway's own where no model answered."""
    rank: Rank
    """Where `usage` comes from."""
    usage: Usage | None
    """None when nobody reported usage (a stream, a failed call)."""
    caller: Caller = Caller()
    deployment: str | None = None
    """The deployment name in the request: an alias of the price book resolves it."""
    model: str | None = None
    """The model's own name as the answer reported it, often dated."""
    api: str | None = None
    region: str | None = None
    service_tier: str | None = None
    response_id: str | None = None
    session: str | None = None
    traceparent: str | None = None
    duration_ms: int | None = None
    usage_unasked: bool = False
    """Whether nobody is known to have asked a stream for its usage: the log may estimate it."""
    completed_from: tuple[str, ...] = ()
    """Which halves pairing joined; empty for an event of the gateway's policy."""
    replaces: CountedAt | None = None
    """The place that this report takes the call from; None for nearly every call."""
    served_deployment: str | None = None
    """The deployment that answered, by the answer's own word: a spillover names another one."""
    spillover_from: str | None = None
    """The full deployment that Azure took the call from; None where nothing spilled over."""
    cache: str | None = None
    """`hit` when the answer came from the gateway's cache and no model was asked."""
    requested_tier: str | None = None
    """The service tier that the request asked for; the answer may have another."""
    tools_requested: tuple[str, ...] = ()
    """Types of the tools that the request offers, sorted."""
    tool_calls: tuple[tuple[str, int], ...] = ()
    """How often the answer calls each kind of tool, sorted by kind; no zeros."""
    tool_usage: str | None = None
    """What the answer says of its tools, as JSON. Only of a call whose usage pairing completes, or
    fetched: else `usage` counts it."""
    body_unread: str | None = None
    """Why the gateway did not read the request's body: `too_large`, `no_length`, `no_json`."""
    background: bool = False
    """Whether the answer is made in the background, to be fetched later."""
    response_status: str | None = None
    """A Responses answer's own status: `queued`, `in_progress`, `completed`, …"""
    backend_host: str | None = None
    """The host that the gateway sent the call to, by its own log."""
    fetched: bool = False
    """Whether it reports a fetched background answer, whose call is that of `response_id`."""

    @property
    def strength(self) -> tuple[int, int]:
        """(rank, sum of tokens): a stronger report corrects a call, any other is a duplicate."""
        return (int(self.rank), self.usage.total if self.usage else 0)


class CallState(StrEnum):
    """What a call's cost stands on. Only PRICED and ZERO calls have a cost."""

    PRICED = "priced"
    ZERO = "zero"
    """Costs nothing for a named reason: refused (401, 403, 429) or a `zero` rule."""
    UNPRICED = "unpriced"
    """Usage is known, a price is not; `reason` says what is missing. Never counted as 0."""
    NO_USAGE = "no_usage"
    """Nobody reported its usage. Where the call failed, there is nothing to charge."""
    PENDING = "pending"
    """A background answer is not ready or was not fetched: its usage may still come."""
    MOVED = "moved"
    """The call was counted under a wrong key and now stands under another."""


class Charge(msgspec.Struct, frozen=True, gc=False):
    """One unit's line of a PricedCall. Amounts are pico-units; a layer's lines sum to its total."""

    unit: Unit
    quantity: int
    unit_price: int
    """List price of one unit, in pico-units of the pricing currency; rounded down where the price
    is per hour."""
    list: int
    """At list price."""
    contracted: int
    """After negotiated discounts."""
    charge: int
    """After mark-ups and minimums: what the subject owes, in the pricing currency."""
    billed: int
    """`charge` in the billing currency; equal to it when there is one currency."""


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one modifier rule did to the call's total: the evidence between two layers."""

    rule_id: str
    layer: str
    """The layer it leads to: contracted, charge, billed; list where no price per call exists."""
    factor: str | None
    """Its factor, rate or amount as written in the rule; None for a zero rule."""
    delta: int
    """Pico-units added to the total (negative for a discount); for fx the converted total."""


class PricedCall(msgspec.Struct, frozen=True, gc=False):
    """A rated call with its evidence: which rules of which book made each line."""

    event: UsageEvent
    state: CallState
    reason: str | None
    """Why the state is not `priced`; of a priced call what is special about its price, or None."""
    book_version: str
    """sha256 of the compiled book that rated it."""
    pricing_currency: str
    billing_currency: str
    charges: tuple[Charge, ...] = ()
    """One line per unit with a quantity. An unpriced call keeps quantities out of the charges."""
    adjustments: tuple[Adjustment, ...] = ()
    base_rule_id: str | None = None
    tier: int | None = None
    """Index of the context tier that the whole prompt chose, from 0."""
    provider: str | None = None
    model: str | None = None
    """Canonical model name of the book (`gpt-4.1-mini`); None when no alias resolved."""
    version: str | None = None
    deployment_type: str | None = None
    cost_centre: str | None = None
    """The subject's cost centre on the charge day, where a rule used it."""
    excludes: tuple[str, ...] = ()
    """What the cost leaves out (Exclusion), sorted."""
    alias_unconfirmed: bool = False
    """Whether the alias alone says what was charged: the answer names no model that bears it out.
    False of a call without a price.
    """

    @property
    def list(self) -> int:
        return sum(line.list for line in self.charges)

    @property
    def contracted(self) -> int:
        return sum(line.contracted for line in self.charges)

    @property
    def charge(self) -> int:
        return sum(line.charge for line in self.charges)

    @property
    def billed(self) -> int:
        return sum(line.billed for line in self.charges)
