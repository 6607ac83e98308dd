"""What `POST /v1/rate` takes and answers; docs/api.md says what each field means."""

import re
from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

from pricing_rules.engine.what_if import OPERATION_NAMES, Question
from pricing_rules.price_book.rules import DeploymentType
from table_api.http_api.conventions.models import Answer, Money
from table_api.http_api.conventions.queries import FIRST_DAY, LAST_DAY

_FIRST = datetime.combine(FIRST_DAY, time.min, UTC)
_LAST = datetime.combine(LAST_DAY, time.max, UTC)
_BEGINS_WITH_A_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII).match
CALENDAR = f"expected a time from {FIRST_DAY} to {LAST_DAY}"


def is_within_calendar(at: datetime) -> bool:
    """Whether every time zone has a day of an aware time."""
    return _FIRST <= at <= _LAST


class UsageQuestion(BaseModel):
    """A usage object of a model, asked about by the model's name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(min_length=1, max_length=200, examples=["gpt-5-mini"])
    usage: dict[str, Any] = Field(examples=[{"prompt_tokens": 1000, "completion_tokens": 50}])
    provider: str | None = Field(None, max_length=100)
    operation: str = Field("chat", examples=["chat", "responses", "embeddings"])
    deployment_type: DeploymentType = DeploymentType.GLOBAL_STANDARD
    service_tier: str | None = Field(None, max_length=100)
    region: str | None = Field(None, max_length=100)
    product: str | None = Field(None, max_length=280)
    cost_centre: str | None = Field(None, max_length=280)
    at: AwareDatetime | None = None
    """When the call is made; now if none."""

    @field_validator("operation")
    @classmethod
    def _is_known(cls, name: str) -> str:
        if name not in OPERATION_NAMES:
            raise ValueError(f"expected one of {', '.join(OPERATION_NAMES)}")
        return name

    @field_validator("at", mode="before")
    @classmethod
    def _is_text(cls, at: object) -> object:
        """Pydantic would take a number for seconds since 1970, also one that is text."""
        if at is not None and not (isinstance(at, str) and _BEGINS_WITH_A_DAY(at)):
            raise ValueError("expected RFC 3339 text, as 2026-11-20T12:00:00Z")
        return at

    @field_validator("at")
    @classmethod
    def _is_of_a_day(cls, at: datetime | None) -> datetime | None:
        if at is not None and not is_within_calendar(at):
            raise ValueError(CALENDAR)
        return at

    def question(self, now: datetime) -> Question:
        """The same as the price engine takes it."""
        return Question(
            model=self.model,
            provider=self.provider,
            usage=self.usage,
            operation=OPERATION_NAMES[self.operation],
            deployment_type=self.deployment_type,
            service_tier=self.service_tier,
            region=self.region,
            product=self.product,
            cost_centre=self.cost_centre,
            at=self.at or now,
        )


class RatedLayer(Answer):
    """The call's total in one layer of the calculation."""

    currency: str
    amount: Money | None


class RatedLine(Answer):
    """What one unit of the call costs. Amounts are in the layers' currencies."""

    unit: str
    quantity: int
    unit_price: Money
    list: Money
    contracted: Money
    charge: Money
    amount: Money


class RatedCall(Answer):
    """One call with its price, as the ledger would hold it, or why it has none."""

    id: str | None
    state: str
    reason: str | None
    deferred: bool
    model: str | None
    version: str | None
    cost_centre: str | None
    total: Money | None
    currency: str
    layers: dict[str, RatedLayer]
    lines: list[RatedLine]
    excludes: list[str]
    rules: list[str]
    tier: int | None
    explanation: str


class PricedBy(StrEnum):
    """By which prices a request is answered."""

    CONTRACT = "contract"
    LIST = "list"


class Rated(Answer):
    """The calls in the order in which they were sent."""

    book: str
    prices: PricedBy
    data: list[RatedCall]


def _question_schema() -> dict[str, Any]:
    """Without references, as the body's description has no place of its own for what they name."""
    schema = UsageQuestion.model_json_schema()
    kinds = schema.pop("$defs")["DeploymentType"]
    schema["properties"]["deployment_type"] = kinds | {
        "default": DeploymentType.GLOBAL_STANDARD.value
    }
    schema["properties"]["operation"]["enum"] = sorted(OPERATION_NAMES)
    return schema


_EVENT = {
    "type": "object",
    "title": "UsageEvent",
    "description": "An event of apim_policies/usage_event.schema.json.",
    "required": ["specversion", "type", "id", "source", "time", "subject", "data"],
    "properties": {"specversion": {"const": "1.0"}, "data": {"type": "object"}},
}
_CALL = {"anyOf": [_EVENT, _question_schema()]}
BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "A usage event, a question about a usage object, or a list of these.",
        "content": {
            "application/json": {
                "schema": {"anyOf": [_CALL, {"type": "array", "items": _CALL, "maxItems": 1000}]},
            }
        },
    }
}
"""How the OpenAPI document describes the body."""
