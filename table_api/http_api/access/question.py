"""What a handler asks (Api), and what one question is about (Scope)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from starlette.requests import Request

from table_api.completeness.reads import CompletenessReads
from table_api.consumer_state.groups import ConsumerGroup
from table_api.http_api.access.local_only import AuthMode
from table_api.http_api.conventions.models import Fields
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.http_api.conventions.queries import RangeQuery
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.archive import Archive
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import LedgerMeta
from table_api.monthly.reads import MonthlyReads
from table_api.people.people import People, PeopleDirectory
from table_api.storage.table_storage import TableStorage
from table_api.usage.call_reads import CallReads
from table_api.usage.cell_reads import LedgerReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the handlers ask; one per app."""

    storage: TableStorage
    reads: LedgerReads
    monthly: MonthlyReads
    calls: CallReads
    people: People
    now: Callable[[], datetime]
    auth_mode: AuthMode
    metering: ConsumerGroup
    archive: Archive
    invoicing: InvoicingSettings
    completeness: CompletenessReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What one question is about: the ledger, its days, today's people."""

    meta: LedgerMeta
    people: PeopleDirectory
    today: date
    days: DayRange


def api_of(request: Request) -> Api:
    """The app's Api."""
    api: Api = request.app.state.api
    return api


async def scope_of(api: Api, query: RangeQuery) -> Scope:
    """Read what every list needs; Refused when the range cannot be used."""
    meta = await api.reads.meta()
    today = meta.calendar.day(api.now())
    people = await api.people.directory()
    return Scope(meta=meta, people=people, today=today, days=query.days(today))


async def check_known(api: Api, scope: Scope, subject: str) -> None:
    """Refused when neither the people nor the ledger's last months know the subject."""
    if subject not in scope.people and not await api.reads.knows(subject, scope.today):
        raise Refused(
            ProblemKind.UNKNOWN_SUBJECT, "neither the ledger nor the people know this subject"
        )


def head(scope: Scope) -> Fields:
    """The fields of conventions.models.Head."""
    return head_of(scope.meta, scope.days)


def who(scope: Scope, subject: str) -> Fields:
    """A subject with its name and cost centre as of today."""
    return {
        "subject": subject,
        "name": scope.people.name(subject, scope.today),
        "cost_centre": scope.people.cost_centre(subject, scope.today),
    }


def head_of(meta: LedgerMeta, days: DayRange) -> Fields:
    """The same where nobody's names are asked for."""
    fields: Fields = {
        "from": days.start,
        "to": days.stop,
        "zone": meta.settings.zone,
        "currency": meta.settings.pricing_currency,
    }
    if (billing := billing_currency(meta)) is not None:
        fields["billing_currency"] = billing
    return fields


def billing_currency(meta: LedgerMeta) -> str | None:
    """The billing currency of a ledger of two currencies, else None."""
    settings = meta.settings
    billing = settings.billing_currency
    return billing if billing != settings.pricing_currency else None
