"""The API's answers as typed values: what the pages read, decoded strictly from JSON.

They are msgspec Structs and not dataclasses, because JSON has fields named `from`. Fields that the
pages do not show are not declared. Money is an exact Decimal in the answer's `currency`.
"""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from msgspec import Struct, field

from ui.period import Period


class CallState(StrEnum):
    """Where a call's cost comes from; only PRICED and ZERO calls have a cost."""

    PRICED = "priced"
    ZERO = "zero"
    UNPRICED = "unpriced"
    NO_USAGE = "no_usage"
    PENDING = "pending"
    MOVED = "moved"


class Cost(Struct, frozen=True, kw_only=True):
    """One amount in three layers: at list price, after negotiated discounts, as charged."""

    list: Decimal
    contracted: Decimal
    charge: Decimal
    billed: Decimal | None = None
    """The charge in the `billing_currency`; None in a ledger of one currency."""


class Totals(Struct, frozen=True, kw_only=True):
    """Counts and cost of a set of calls; unpriced calls and those without usage have no cost."""

    calls: int
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    excluding_calls: int
    pending_calls: int
    failed_calls: int = 0
    """Among `no_usage_calls`; an API of an earlier release does not count them."""
    units: dict[str, int]
    cost: Cost | None
    """None if there are calls and none of them has a cost."""

    @property
    def charge(self) -> Decimal | None:
        return self.cost.charge if self.cost else None


class Head(Struct, frozen=True, kw_only=True):
    """What every list says about itself: days `[first, until)` of `zone`, and its currency."""

    first: date = field(name="from")
    until: date = field(name="to")
    zone: str
    currency: str
    billing_currency: str | None = None

    @property
    def period(self) -> Period:
        return Period(first=self.first, until=self.until)


class UsageRow(Totals, frozen=True, kw_only=True):
    """Totals of one group; a dimension that was not grouped by is None."""

    day: date | None = None
    model: str | None = None
    cost_centre: str | None = None
    product: str | None = None
    api: str | None = None


class Usage(Head, frozen=True, kw_only=True):
    data: list[UsageRow]
    totals: Totals
    newest_call: datetime | None = None
    """When the newest event that was metered reached Event Hubs, whatever the range."""


class SubjectUsage(Usage, frozen=True, kw_only=True):
    subject: str
    name: str | None = None
    cost_centre: str | None = None


class Page(Struct, frozen=True, kw_only=True):
    next_cursor: str | None = None


class SubjectRow(Totals, frozen=True, kw_only=True):
    subject: str
    last_day: date
    """The last day of the range on which the subject called."""
    first_day: date
    active_days: int
    """Days of the range on which the subject called."""
    earlier_charge: Decimal | None = None
    """In the days it is compared with; None where nobody knows it."""
    name: str | None = None
    cost_centre: str | None = None


class Gone(Struct, frozen=True, kw_only=True):
    """Whom the whole list lacks: they called in the compared days alone. None is unknown."""

    subjects: int
    earlier_charge: Decimal | None


class Subjects(Head, frozen=True, kw_only=True):
    data: list[SubjectRow]
    subjects: int | None = None
    """How many the whole list has; an API of an earlier release does not say it."""
    totals: Totals
    """Of the whole list, not of this page."""
    page: Page
    gone: Gone | None = None


class Call(Struct, frozen=True, kw_only=True):
    """One metered call as a list shows it."""

    id: str
    """Opaque: names the ledger key in a URL."""
    call_id: str
    """The gateway's own request id."""
    time: datetime
    day: date
    operation: str
    status: int
    stream: bool
    state: CallState
    units: dict[str, int]
    model: str | None = None
    deployment: str | None = None
    reason: str | None = None
    cost: Cost | None = None
    excludes: list[str] = []
    """What the cost leaves out because nobody reported it: `cache_write`."""
    duration_ms: int | None = None
    session: str | None = None


class Calls(Head, frozen=True, kw_only=True):
    subject: str
    data: list[Call]
    page: Page


class Line(Struct, frozen=True, kw_only=True):
    """One unit's line: quantity × unit price = list, then the layers above it."""

    unit: str
    quantity: int
    unit_price_per_million: Decimal
    list: Decimal
    contracted: Decimal
    charge: Decimal


class Adjustment(Struct, frozen=True, kw_only=True):
    """A rule above the base price: what it multiplied by and what it changed."""

    rule_id: str
    layer: str
    delta: Decimal
    factor: Decimal | None = None


class Explanation(Struct, frozen=True, kw_only=True):
    lines: list[Line]
    adjustments: list[Adjustment]
    book_version: str
    base_rule_id: str | None = None
    tier: int | None = None
    """Index, from 0, of the context tier that the size of the whole prompt selected."""


class Origin(Struct, frozen=True, kw_only=True):
    """Where in Event Hubs the call came from."""

    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime


class ChainEntry(Struct, frozen=True, kw_only=True):
    """The call after its n-th row: 0 is the first entry, the others are corrections."""

    n: int
    recorded_at: datetime
    state: CallState
    units: dict[str, int]
    book_version: str
    reason: str | None = None
    run: str | None = None
    """The re-rating run that wrote or undid it."""
    run_by: str | None = None
    before: Cost | None = None
    cost: Cost | None = None


class CallDetail(Call, frozen=True, kw_only=True):
    """One call with the evidence of its cost."""

    subject: str
    currency: str
    zone: str
    explanation: Explanation
    origin: Origin
    chain: list[ChainEntry]
    billing_currency: str | None = None
    name: str | None = None
    cost_centre: str | None = None
    api: str | None = None
    region: str | None = None
    service_tier: str | None = None
    product: str | None = None
    subscription: str | None = None
    provider: str | None = None
    model_version: str | None = None
    deployment_type: str | None = None
    response_id: str | None = None
    reported_model: str | None = None
    served_deployment: str | None = None
    backend_host: str | None = None
    requested_tier: str | None = None
    alias_unconfirmed: bool = False
    """Whether the alias alone says which model served."""
    trace_id: str | None = None
    tokens_from: str | None = None
    tokens_corrected: bool = False
    """Whether an earlier row of the chain counted other quantities."""


class Audit(Struct, frozen=True, kw_only=True):
    """The last audit: whether every aggregate equals the sum of its calls."""

    at: datetime
    ok: bool
    calls: int
    cells: int
    problems: list[str]


class PartitionProgress(Struct, frozen=True, kw_only=True):
    """How far metering is in one partition of the event hub."""

    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime | None
    recorded_at: datetime
    counts: dict[str, int]


class Metering(Struct, frozen=True, kw_only=True):
    waiting: int
    """Calls that wait for their usage now."""
    dead_letters_open: int
    dead_letters_complete: bool
    """False: there are more letters than were counted among."""
    audit: Audit | None = None
    partitions: list[PartitionProgress] = []
    passed: datetime | None = None
    """Everything that reached the event hub until then is metered."""


class DeadLetter(Struct, frozen=True, kw_only=True):
    """An event that could not be read or rated, without its bytes."""

    id: str
    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime
    reason: str
    field: str
    message: str
    event_id: str | None


class DeadLetters(Struct, frozen=True, kw_only=True):
    """The open ones of both hubs."""

    complete: bool
    data: list[DeadLetter]


class Health(Struct, frozen=True, kw_only=True):
    zone: str
