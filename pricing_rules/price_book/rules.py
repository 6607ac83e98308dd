"""The rule files' form: what an author may write in a book's TOML. Validated, not yet compiled.

Amounts and factors are decimal strings; an unknown key is an error, never ignored.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import partial
from typing import Annotated, Literal
from unicodedata import normalize

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

from pricing_rules.types import Operation
from pricing_rules.units import Unit


def _written_time(value: object) -> object:
    """No number: pydantic reads 20270101 as seconds since 1970, so that a price of next year would
    hold at once.
    """
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    if not isinstance(value, date):
        raise ValueError("expected a time in UTC, as 2027-01-01T00:00:00Z")
    return value


def _in_utc(moment: datetime) -> datetime:
    if moment.utcoffset() is None:
        raise ValueError(f"{moment.isoformat()} has no time zone, expected UTC (…T00:00:00Z)")
    return moment.astimezone(UTC)


RuleId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]*$")]
Moment = Annotated[datetime, BeforeValidator(_written_time), AfterValidator(_in_utc)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
DecimalText = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,12}(\.[0-9]{1,18})?$")]
"""A non-negative decimal without an exponent, in quotes: TOML's bare 0.1 would be a float."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]


def arm_name(region: str) -> str:
    """People and answers' headers say "Sweden Central" where Azure's prices say swedencentral."""
    return region.replace(" ", "").lower()


Region = Annotated[Name, AfterValidator(arm_name)]
CostCentre = Annotated[Name, AfterValidator(partial(normalize, "NFC"))]
"""As people have it: an "ü" may be written as one character or as two."""
Tenant = Annotated[Name, AfterValidator(str.lower)]
"""As tokens have it."""


class PriceOrigin(StrEnum):
    """Whose word a price is. A price of an earlier origin is never replaced by a later one."""

    AZURE = "azure"
    """Rows of Azure's own price list, or a company's contract."""
    VENDOR = "vendor"
    """The list of the model's vendor."""
    REPORTED = "reported"
    """What others say that Azure charges."""


class DeploymentType(StrEnum):
    """How Azure runs a deployment, by the SKU's name; it sets the price."""

    GLOBAL_STANDARD = "GlobalStandard"
    DATA_ZONE_STANDARD = "DataZoneStandard"
    STANDARD = "Standard"
    """Regional."""
    GLOBAL_BATCH = "GlobalBatch"
    DATA_ZONE_BATCH = "DataZoneBatch"
    GLOBAL_PROVISIONED = "GlobalProvisionedManaged"
    DATA_ZONE_PROVISIONED = "DataZoneProvisionedManaged"
    PROVISIONED = "ProvisionedManaged"
    DEVELOPER = "DeveloperTier"
    """A fine-tuned model hosted without hourly cost and without an SLA."""
    SERVERLESS = "Serverless"
    """A serverless API endpoint of the model catalogue, priced by region."""


BATCH_TYPES = frozenset({DeploymentType.GLOBAL_BATCH, DeploymentType.DATA_ZONE_BATCH})
"""Types whose calls are of the batch tier, whatever else is said of it."""


class ServiceTier(StrEnum):
    """How fast the provider served the call; "standard" is another spelling of default."""

    DEFAULT = "default"
    BATCH = "batch"
    FLEX = "flex"
    PRIORITY = "priority"


class FilePart(BaseModel):
    """What an author writes: nothing else is allowed in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Match(FilePart):
    """Which calls a rule is for: an absent field matches any value, a list any of its values."""

    provider: Name | None = None
    model: Name | None = None
    versions: tuple[Name, ...] | None = Field(default=None, min_length=1)
    deployment: tuple[DeploymentType, ...] | None = Field(default=None, min_length=1)
    """Deployment types."""
    region: tuple[Region, ...] | None = Field(default=None, min_length=1)
    zone: tuple[Name, ...] | None = Field(default=None, min_length=1)
    """Data zones: groups of regions, as the book's `zone` tables name them."""
    service_tier: ServiceTier | None = None
    operation: tuple[Operation, ...] | None = Field(default=None, min_length=1)
    product: tuple[Name, ...] | None = Field(default=None, min_length=1)
    subscription: tuple[Name, ...] | None = Field(default=None, min_length=1)
    cost_centre: tuple[CostCentre, ...] | None = Field(default=None, min_length=1)
    tenant: tuple[Tenant, ...] | None = Field(default=None, min_length=1)
    usage: dict[Name, tuple[Name, ...]] | None = Field(default=None, min_length=1)
    """Fields of the usage object that set the price, by path, with the values meant."""


class Source(FilePart):
    """Where a price was read, and when; `show` warns when that is long ago."""

    kind: Literal["azure-retail", "genai-prices", "report", "litellm", "contract"]
    version: str | None = None
    """Release of the package that was read."""
    checked: date
    url: str | None = None
    region: str | None = None
    """Region of the price list's rows."""
    meters: dict[Unit, str] = Field(default_factory=dict)
    """Meter name per unit."""


ORIGINS = {
    "azure-retail": PriceOrigin.AZURE,
    "contract": PriceOrigin.AZURE,
    "genai-prices": PriceOrigin.VENDOR,
    "report": PriceOrigin.REPORTED,
    "litellm": PriceOrigin.REPORTED,
}
"""Whose word each kind of source is."""


class Tier(FilePart):
    """Rates up to a prompt size. The whole prompt chooses one tier for all tokens of the call."""

    up_to_prompt_tokens: int | None = Field(default=None, gt=0, strict=True)
    """Inclusive: with 272000, a prompt of 272,001 is in the next tier. The last tier has none."""
    rates: dict[Unit, DecimalText] = Field(min_length=1)


class _Rule(FilePart):
    id: RuleId
    """Unique for ever: a rule is never edited, a change is a new rule."""
    valid_from: Moment
    valid_to: Moment | None = None
    """Exclusive. None: until a rule supersedes this one."""
    supersedes: RuleId | None = None
    """The rule that ends when this one begins."""
    note: str | None = None
    match: Match = Match()


class BaseRule(_Rule):
    """List prices of one model: exactly one base rule must match a call."""

    kind: Literal["base"]
    currency: Currency
    unit: Literal["1", "1K", "1M", "hour"]
    """What a rate is for: one, a thousand or a million of its unit; an hour only for audio_ms."""
    rates: dict[Unit, DecimalText] | None = Field(default=None, min_length=1)
    tier: tuple[Tier, ...] = ()
    source: Source


class MultiplyRule(_Rule):
    """A discount (contracted) or mark-up (charge): factor × the call's running total."""

    kind: Literal["multiply"]
    layer: Literal["contracted", "charge"]
    order: int = Field(default=100, ge=0, strict=True)
    factor: DecimalText


class FixedRule(_Rule):
    """Unit prices that replace the running cost of the units they name."""

    kind: Literal["fixed"]
    layer: Literal["contracted", "charge"]
    order: int = Field(default=100, ge=0, strict=True)
    currency: Currency
    unit: Literal["1", "1K", "1M", "hour"]
    rates: dict[Unit, DecimalText] = Field(min_length=1)


class MinimumRule(_Rule):
    """The least that one call is charged."""

    kind: Literal["minimum"]
    scope: Literal["call"]
    order: int = Field(default=100, ge=0, strict=True)
    currency: Currency
    amount: DecimalText


class ZeroRule(_Rule):
    """Makes a call free from a layer on, for the reason in `note`.

    `list`: there is no price per call at all (provisioned throughput is paid by the hour).
    """

    kind: Literal["zero"]
    layer: Literal["list", "contracted", "charge"]
    order: int = Field(default=100, ge=0, strict=True)
    note: str


class FeeRule(_Rule):
    """Prices of units that the base rule has none for: tools, a router. Its match is about the
    deployment as the alias names it, not about the model that a router chose.
    """

    kind: Literal["fee"]
    currency: Currency
    unit: Literal["1", "1K", "1M"]
    rates: dict[Unit, DecimalText] = Field(min_length=1)
    source: Source


class FxRule(_Rule):
    """The rate that turns the pricing into the billing currency, for a period."""

    kind: Literal["fx"]
    pair: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}-[A-Z]{3}$")]
    rate: DecimalText
    source: Source


class AllocateRule(_Rule):
    """Spreads an hourly cost over the calls it served. Refused at load: see docs/pricing.md."""

    kind: Literal["allocate"]
    amount: DecimalText
    currency: Currency
    unit: Literal["hour"]


Rule = Annotated[
    BaseRule | MultiplyRule | FixedRule | MinimumRule | ZeroRule | FeeRule | FxRule | AllocateRule,
    Field(discriminator="kind"),
]
ModifierRule = MultiplyRule | FixedRule | MinimumRule | ZeroRule

FACTOR_DECIMALS_MAX = 12
FACTOR_MAX = Decimal(1000)
"""A factor or rate above it is a slip of the decimal point."""
