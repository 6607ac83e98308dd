"""One request (Asking), what its handler reads from (Api), and what it is about (Question).

Knows no resource. Handlers of what belongs to people read through `http_api.visible`, which narrows
every read to what the caller may see.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from starlette.requests import Request

from table_api.consumer_state.groups import Groups
from table_api.http_api.access.caller import Caller
from table_api.http_api.access.gate import caller_of
from table_api.http_api.access.insights import Insights
from table_api.http_api.access.settings import AuthMode
from table_api.http_api.access.sights import Sight, Sights
from table_api.http_api.conventions.models import Fields
from table_api.http_api.conventions.queries import RangeQuery
from table_api.invoicing.closing.waiting import WaitingCount
from table_api.invoicing.settings import InvoicingSettings
from table_api.invoicing.snapshots.document_owners import DocumentOwners
from table_api.invoicing.snapshots.shared_archive import SharedArchive
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import LedgerMeta
from table_api.monthly.kept_answers import KeptAnswers
from table_api.monthly.open_months import OpenMonths
from table_api.owners.access_log import AccessLog
from table_api.owners.share import Share
from table_api.people.people import People, PeopleDirectory
from table_api.storage.blobs import BlobStore
from table_api.storage.table_storage import TableStorage
from table_api.usage.cell_reads import LedgerReads

NOBODY = PeopleDirectory(())
"""The people of a question that names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """What the API reads from; one per app. Each resource opens its own reads over it."""

    storage: TableStorage
    blobs: BlobStore
    """The container of closed months."""
    archive: SharedArchive
    """The closed months of these blobs."""
    books: BlobStore | None
    """The container of price books; None where nobody gave it."""
    reads: LedgerReads
    """Keeps what the ledger was made with."""
    people: People
    sights: Sights
    access_log: AccessLog
    insights: Insights | None
    """Application Insights; None where nobody said where it is."""
    groups: Groups
    invoicing: InvoicingSettings
    auth_mode: AuthMode
    now: Callable[[], datetime]
    waiting: WaitingCount = field(default_factory=WaitingCount)
    kept_answers: KeptAnswers = field(default_factory=KeptAnswers)
    """Of months that are over."""
    open_months: OpenMonths = field(default_factory=OpenMonths)
    """Of the running month."""
    document_owners: DocumentOwners = field(default_factory=DocumentOwners)
    """Of closed months."""


@dataclass(slots=True, kw_only=True)
class Asking:
    """One request: who asks, and whom the answer shows."""

    api: Api
    caller: Caller
    shown: set[str] = field(default_factory=set)
    """Subjects other than the caller whose usage or names are in the answer."""
    shows_everybody: bool = False
    """Whether the answer is about everybody whom the caller may see, and `shown` names nobody."""

    def show(self, subjects: Iterable[str]) -> None:
        """To be called by every read that gives out what belongs to these subjects."""
        self.shown.update(subjects)
        self.shown.discard(self.caller.subject or "")

    async def sight(self, days: DayRange | None = None) -> Sight:
        """What the caller may see in these days."""
        return await self.api.sights.of(self.caller, days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What one question is about: the ledger, its days, today's people as the caller sees them."""

    meta: LedgerMeta
    people: PeopleDirectory
    today: date
    days: DayRange
    sight: Sight

    def cost_centre(self, subject: str, day: date) -> str | None:
        """Who pays for a subject on a charge day."""
        source = self.sight if isinstance(self.sight, Share) else self.people
        return source.cost_centre(subject, day)


def api_of(request: Request) -> Api:
    """The app's Api."""
    api: Api = request.app.state.api
    return api


def asking_of(request: Request) -> Asking:
    """The one Asking of a request. Refused when nobody is signed in."""
    asking = getattr(request.state, "asking", None)
    if asking is None:
        asking = request.state.asking = Asking(api=api_of(request), caller=caller_of(request))
    return asking


async def question_of(asking: Asking, query: RangeQuery, *, names_people: bool = True) -> Question:
    """Read what every list needs; Refused when the range cannot be used. A question that names no
    people, and takes no cost centre of them, need not read them.
    """
    api = asking.api
    meta = await api.reads.meta()
    today = meta.calendar.day(api.now())
    days = query.days(today)
    sight = await asking.sight(days)
    is_read = names_people or isinstance(sight, Share)
    people = await api.sights.people(sight) if is_read else NOBODY
    return Question(meta=meta, people=people, today=today, days=days, sight=sight)


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
