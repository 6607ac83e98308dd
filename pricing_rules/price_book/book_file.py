"""One TOML file of a book, but for its rules: deployments, models, zones and settings.

What a rule may say is in `rules`.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from pricing_rules.price_book.rules import (
    Currency,
    DeploymentType,
    FilePart,
    Name,
    Region,
    Rule,
    ServiceTier,
)

Host = Annotated[Name, AfterValidator(str.lower)]


class Deployment(FilePart):
    """An alias: what is deployed under a name that the gateway reports."""

    name: Name
    provider: Name
    model: Name
    version: Name | None = None
    type: DeploymentType
    region: Region | None = None
    host: Host | None = None
    """The backend's host, where members of a pool share the name and not the price."""
    service_tier: ServiceTier | None = None
    """The tier of calls whose answer names none, as of streams."""
    rate_by: Literal["alias", "reported"] = "alias"
    """`reported`: calls have the price of the model that the answer names, as of a model router."""


class ModelFamily(FilePart):
    """Names of one maker's models: what an answer may call them."""

    name: Name
    begins: tuple[Name, ...] = Field(min_length=1)
    """How every name of the family begins: `gpt-`; without a dash a whole word, as `o3`."""
    models: tuple[Name, ...]
    floating: tuple[Name, ...] = ()
    """Names that the maker moves from model to model: they are no evidence."""
    spelled: dict[Name, Name] = Field(default_factory=dict)
    """Other spellings, each with the model that it means."""


class ModelFacts(FilePart):
    """What holds for a model whatever its price is."""

    provider: Name
    name: Name
    default_version: Name | None = None
    """The version that a deployment without one runs."""
    cached_tokens: Literal["input"] | None = None
    """`input`: cached tokens have no price of their own and are billed as input."""


class Zone(FilePart):
    """A data zone: the regions whose deployments share its prices."""

    name: Name
    regions: tuple[Region, ...] = Field(min_length=1)


class Settings(FilePart):
    """Of the whole book; stands in at most one file."""

    pricing_currency: Currency = "USD"
    billing_currency: Currency | None = None
    """None: no conversion, bills are in the pricing currency."""


class UsageFields(FilePart):
    """Fields of usage objects that change no price, though no reader takes them."""

    harmless: tuple[Name, ...] = ()
    """Paths, as `a.b`, `a[].b`, or `a.*` for all that is in `a`."""
    plain: dict[Name, tuple[Name, ...]] = Field(default_factory=dict)
    """Values that mean the list price, by path."""


class BookFile(FilePart):
    """One TOML file of a book."""

    book: Settings | None = None
    usage: UsageFields | None = None
    model: tuple[ModelFacts, ...] = ()
    zone: tuple[Zone, ...] = ()
    deployment: tuple[Deployment, ...] = ()
    family: tuple[ModelFamily, ...] = ()
    rule: tuple[Rule, ...] = ()
