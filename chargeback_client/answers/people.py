"""Answers about people.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct

from chargeback_client.answers.shared import Page


class AccessRow(Struct, frozen=True, kw_only=True):
    """One answer that showed what belongs to others."""

    at: datetime
    caller: str
    roles: list[str]
    route: str
    path: str
    query: str
    subjects: list[str]
    count: int | None


class PersonRow(Struct, frozen=True, kw_only=True):
    """What holds for a subject from a day on."""

    subject: str
    display_name: str | None
    cost_centre: str | None
    valid_from: date


class Regrouping(Struct, frozen=True, kw_only=True):
    """Calls of one subject and month that an import of people gave another cost centre."""

    recorded_at: datetime
    subject: str
    first_day: date
    last_day: date
    before: str | None
    after: str | None
    calls: int
    charge: Decimal
    repriced: int
    delta: Decimal
    not_compared: int
    closed: bool


class Owned(Struct, frozen=True, kw_only=True):
    """Something whose usage the caller sees, and from which charge day to which."""

    kind: str
    name: str
    valid_from: date
    valid_until: date | None


class People(Struct, frozen=True, kw_only=True):
    """Everybody, by subject and day."""

    data: list[PersonRow]


class Regroupings(Struct, frozen=True, kw_only=True):
    """The newest import first."""

    currency: str
    data: list[Regrouping]


class Accesses(Struct, frozen=True, kw_only=True):
    """The access log, the newest first."""

    data: list[AccessRow]
    page: Page


class Me(Struct, frozen=True, kw_only=True):
    """The caller."""

    subject: str | None
    name: str | None
    cost_centre: str | None
    roles: list[str]
    permissions: list[str]
    sees_everybody: bool
    owns: list[Owned]
