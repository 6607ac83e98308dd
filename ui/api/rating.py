"""Prices of calls that are in no ledger: the engine's answer of `POST /v1/rate`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

import msgspec
from msgspec import Struct

from ui.api.client import Client

CALLS_MAX = 1000
"""As many calls may one request have."""


class Question(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One call to price: a model's name, and the usage object that it would send."""

    model: str
    usage: Mapping[str, object]
    provider: str | None = None
    deployment_type: str | None = None
    service_tier: str | None = None
    region: str | None = None


class RatedLayer(Struct, frozen=True, kw_only=True):
    """The call's total in one layer; None where nobody knows a price."""

    currency: str
    amount: Decimal | None


class RatedLine(Struct, frozen=True, kw_only=True):
    """What one unit of the call costs."""

    unit: str
    quantity: int
    unit_price: Decimal
    list: Decimal
    charge: Decimal


class RatedCall(Struct, frozen=True, kw_only=True):
    """One call with its price, or why it has none."""

    state: str
    reason: str | None
    model: str | None
    total: Decimal | None
    currency: str
    layers: dict[str, RatedLayer]
    lines: list[RatedLine]
    rules: list[str]

    @property
    def at_list(self) -> Decimal | None:
        """What it costs at list price."""
        return self.layers["list"].amount


class Rated(Struct, frozen=True, kw_only=True):
    """The calls in the order in which they were asked about."""

    prices: Literal["contract", "list"]
    data: list[RatedCall]


def rate(client: Client, questions: Sequence[Question]) -> Rated:
    """ApiRefused names the first question that the engine cannot answer."""
    return client.post(Rated, "/v1/rate", msgspec.json.encode(list(questions)))


def rate_all(client: Client, questions: Sequence[Question]) -> list[RatedCall]:
    """The same of more calls than one request may have, in their order."""
    return [
        answer
        for start in range(0, len(questions), CALLS_MAX)
        for answer in rate(client, questions[start : start + CALLS_MAX]).data
    ]
