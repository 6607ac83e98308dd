"""The JSON of people and regroupings."""

from datetime import date, datetime

from table_api.http_api.conventions.models import Answer, Money


class PersonRow(Answer):
    """What holds for a subject from a day on."""

    subject: str
    display_name: str | None
    cost_centre: str | None
    valid_from: date


class People(Answer):
    """Everybody, by subject and day."""

    data: list[PersonRow]


class Regrouping(Answer):
    """Calls of one subject and month that an import of people gave another cost centre."""

    recorded_at: datetime
    subject: str
    first_day: date
    last_day: date
    before: str | None
    after: str | None
    calls: int
    charge: Money
    repriced: int
    delta: Money
    not_compared: int
    closed: bool


class Regroupings(Answer):
    """The newest import first."""

    currency: str
    data: list[Regrouping]
