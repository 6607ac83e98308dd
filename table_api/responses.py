"""The answers of the API as its OpenAPI document has them; docs/api.md says what each means."""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from pricing_rules.types import CallState, Operation
from pricing_rules.units import Unit
from table_api.consumer_state.progress import Count

Money = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$", examples=["0.1133"])]
"""An exact decimal in the answer's `currency`."""

Units = dict[Unit, int]
Excluded = Literal["cache_write"]
"""What a cost leaves out since nobody reported it."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Health(_Answer):
    """The API and its storage answer."""

    status: str = "ok"
    zone: str
    currency: str
    auth_mode: str


class Cost(_Answer):
    """One amount in its layers."""

    list: Money
    contracted: Money
    charge: Money
    billed: Money | None = None
    """In `billing_currency`; absent from a ledger of one currency."""


class Totals(_Answer):
    """Counts, quantities and cost of any number of calls."""

    calls: int
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    units: Units
    cost: Cost | None
    """None where there are calls and none of them has a cost."""


class Head(_Answer):
    """What every list says about itself."""

    from_: date = Field(alias="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None


class UsageLine(Totals):
    """Totals of one group; a dimension that was not grouped by is absent."""

    day: date | None = None
    model: str | None = None
    subject: str | None = None
    cost_centre: str | None = None


class Usage(Head):
    """The usage report."""

    newest_call: datetime | None
    data: list[UsageLine]
    totals: Totals


class SubjectUsage(Head):
    """The usage report of one subject."""

    subject: str
    name: str | None
    cost_centre: str | None
    data: list[UsageLine]
    totals: Totals


class Page(_Answer):
    """Where a list goes on."""

    next_cursor: str | None
    limit: int


class SubjectLine(Totals):
    """One subject of the list."""

    subject: str
    name: str | None
    cost_centre: str | None
    last_day: date


class Subjects(Head):
    """The list of subjects; totals are those of the whole list, not of the page."""

    data: list[SubjectLine]
    totals: Totals
    page: Page


class Call(_Answer):
    """One call as a list shows it, in its last state."""

    id: str
    call_id: str
    time: datetime
    day: date
    model: str
    deployment: str | None
    operation: Operation
    status: int
    stream: bool
    state: CallState
    reason: str | None
    units: Units
    cost: Cost | None
    excludes: list[Excluded]
    duration_ms: int | None
    session: str | None


class Calls(Head):
    """A subject's calls in the order of their time."""

    subject: str
    name: str | None
    cost_centre: str | None
    data: list[Call]
    page: Page


class Origin(_Answer):
    """Where in Event Hubs the call's event stood."""

    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime


class ChargeLine(_Answer):
    """One unit of a call: quantity × unit price = list, then the layers above it."""

    unit: Unit
    quantity: int
    unit_price: Money
    unit_price_per_million: Money
    list: Money
    contracted: Money
    charge: Money


class AdjustmentLine(_Answer):
    """What one rule above the base price did to the call's total."""

    rule_id: str
    layer: str
    factor: str | None
    delta: Money


class Explanation(_Answer):
    """Why the call costs what it costs."""

    book_version: str
    base_rule_id: str | None
    tier: int | None
    lines: list[ChargeLine]
    adjustments: list[AdjustmentLine]


class ChainRow(_Answer):
    """The call after its n-th row: 0 is the entry, each further one a correction."""

    n: int
    recorded_at: datetime
    reason: str | None
    run: str | None
    run_by: str | None
    state: CallState
    book_version: str
    units: Units
    before: Cost | None
    cost: Cost | None


class CallDetail(Call):
    """One call with the evidence of its cost."""

    zone: str
    currency: str
    billing_currency: str | None = None
    subject: str
    name: str | None
    cost_centre: str | None
    api: str | None
    region: str | None
    service_tier: str | None
    product: str | None
    subscription: str | None
    provider: str | None
    model_version: str | None
    deployment_type: str | None
    response_id: str | None
    trace_id: str | None
    origin: Origin
    explanation: Explanation
    chain: list[ChainRow]


class PartitionProgress(_Answer):
    """How far metering is in one partition of the hub."""

    hub: str
    consumer_group: str
    partition: str
    sequence_number: int
    enqueued_time: datetime | None
    recorded_at: datetime
    counts: dict[Count, int]


class Audit(_Answer):
    """The last audit of the ledger."""

    at: datetime
    ok: bool
    calls: int
    cells: int
    moving: int
    problems: list[str]


class Metering(_Answer):
    """The state of metering; totals are the partitions' counts, summed."""

    partitions: list[PartitionProgress]
    totals: dict[Count, int]
    dead_letters_open: int
    audit: Audit | None
