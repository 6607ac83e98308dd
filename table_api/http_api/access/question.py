"""What the handlers ask (Api), and what one question is about (Question). Knows no resource."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from starlette.requests import Request

from table_api.consumer_state.groups import Groups
from table_api.http_api.access.settings import AuthMode
from table_api.http_api.conventions.models import Fields
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.http_api.conventions.queries import RangeQuery
from table_api.invoicing.settings import InvoicingSettings
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import LedgerMeta
from table_api.people.people import People, PeopleDirectory
from table_api.storage.blobs import BlobStore
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import LedgerReads


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the handlers ask; one per app. Each resource opens its own reads over it."""

    storage: TableStorage
    blobs: BlobStore
    """The container of closed months."""
    reads: LedgerReads
    """Keeps what the ledger was made with."""
    people: People
    groups: Groups
    invoicing: InvoicingSettings
    auth_mode: AuthMode
    now: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one question is about: the ledger, its days, today's people."""

    meta: LedgerMeta
    people: PeopleDirectory
    today: date
    days: DayRange


def api_of(request: Request) -> Api:
    """The app's Api."""
    api: Api = request.app.state.api
    return api


async def question_of(api: Api, query: RangeQuery) -> Question:
    """Read what every list needs; Refused when the range cannot be used."""
    meta = await api.reads.meta()
    today = meta.calendar.day(api.now())
    people = await api.people.directory()
    return Question(meta=meta, people=people, today=today, days=query.days(today))


async def check_known(api: Api, question: Question, subject: str) -> None:
    """Refused when neither the people nor the ledger's last months know the subject."""
    if subject not in question.people and not await api.reads.knows(subject, question.today):
        raise Refused(
            ProblemKind.UNKNOWN_SUBJECT, "neither the ledger nor the people know this subject"
        )


def head(question: Question) -> Fields:
    """The fields of conventions.models.Head."""
    return head_of(question.meta, question.days)


def who(question: Question, subject: str) -> Fields:
    """A subject with its name and cost centre as of today."""
    return {
        "subject": subject,
        "name": question.people.name(subject, question.today),
        "cost_centre": question.people.cost_centre(subject, question.today),
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
