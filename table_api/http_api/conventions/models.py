"""What the answers of several resources share; docs/api.md says what each field means."""

from collections.abc import Mapping
from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from pricing_rules.money import format_pico
from pricing_rules.units import Unit

Fields = dict[str, object]
"""Fields of a response model by their names in JSON and in its order: lists are written as they
are, since to validate what was just made takes longer than to make it. A test does.
"""


MONEY_PATTERN = r"^-?[0-9]+(\.[0-9]+)?$"
Money = Annotated[str, Field(pattern=MONEY_PATTERN, examples=["0.1133"])]
"""An exact decimal in the answer's `currency`."""

Units = dict[Unit, int]


class Answer(BaseModel):
    """What every answer is: closed, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Cost(Answer):
    """One amount in its layers."""

    list: Money
    contracted: Money
    charge: Money
    billed: Money | None = None
    """In `billing_currency`; absent from a ledger of one currency."""


class Totals(Answer):
    """Counts, quantities and cost of any number of calls."""

    calls: int
    errors: int
    unpriced_calls: int
    no_usage_calls: int
    excluding_calls: int
    pending_calls: int
    failed_calls: int
    units: Units
    cost: Cost | None
    """None where there are calls and none of them has a cost."""


class Head(Answer):
    """What every list says about itself."""

    from_: date = Field(alias="from")
    to: date
    zone: str
    currency: str
    billing_currency: str | None = None


class Page(Answer):
    """Where a list goes on."""

    next_cursor: str | None
    limit: int


def cost(amounts: Mapping[str, int], *, billed: bool) -> Cost:
    """A cost from pico-units per layer; an absent layer is 0. `billed`: of two currencies."""
    layers = ("list", "contracted", "charge", "billed")[: 4 if billed else 3]
    return Cost(**{layer: format_pico(amounts.get(layer, 0)) for layer in layers})
