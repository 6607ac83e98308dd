"""What a handler asks (Api), and what one question is about (Scope)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from starlette.requests import Request

from table_api.completeness.reads import CompletenessReads
from table_api.consumer_state.groups import MeteringPlace
from table_api.invoicing.archive import Archive
from table_api.invoicing.settings import InvoicingSettings
from table_api.ledger.day_range import DayRange
from table_api.ledger.meta import LedgerMeta
from table_api.loopback import is_loopback
from table_api.monthly.reads import MonthlyReads
from table_api.people.people import People, PeopleDirectory
from table_api.problems import ProblemKind, Refused
from table_api.queries import RangeQuery, UsageQuery
from table_api.storage.table_storage import TableStorage
from table_api.usage.call_reads import CallReads
from table_api.usage.cell_reads import LedgerReads
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.grouping import Dimension
from table_api.usage.subject_list import SubjectList, columns_of


class AuthMode(StrEnum):
    """Who may ask."""

    LOCAL = "local"
    """Everybody on this machine: no authorization, loopback only."""
    FUNCTION_KEY = "function_key"
    """Whoever has the key that Azure Functions checks."""


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
    metering: MeteringPlace
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


async def everybodys_usage(api: Api, scope: Scope, query: UsageQuery) -> Sequence[DailyUsage]:
    """What a report over everybody adds up: of `monthly`, or the cells while it is not rebuilt."""
    if not scope.meta.has_monthly:
        return await api.reads.usage(scope.days)
    dimensions = query.dimensions
    # Whose cost centre it is depends on the charge day.
    of_centres = query.cost_centre is not None or Dimension.COST_CENTRE in dimensions
    return await api.monthly.usage(
        scope.days,
        by_subject=of_centres or Dimension.SUBJECT in dimensions,
        by_model=query.model is not None or Dimension.MODEL in dimensions,
        by_day=of_centres or Dimension.DAY in dimensions,
    )


async def every_subject(api: Api, scope: Scope) -> SubjectList:
    """The list of subjects: of `monthly`, or the cells while it is not rebuilt."""
    if scope.meta.has_monthly:
        parts = await api.monthly.subjects(scope.days)
    else:
        parts = [columns_of(await api.reads.usage(scope.days))]
    return SubjectList(parts, scope.people, today=scope.today)


async def check_host(request: Request) -> None:
    """Refused when the request does not name this machine.

    Where nobody is authorized, a page of any web site could else read the ledger through the
    browser of somebody here, by a name of its own that resolves to 127.0.0.1.
    """
    if not is_loopback(request.url.hostname or ""):
        raise Refused(
            ProblemKind.FOREIGN_HOST, "with AUTH_MODE=local, ask for 127.0.0.1 or localhost"
        )


async def check_known(api: Api, scope: Scope, subject: str) -> None:
    """Refused when neither the people nor the ledger's last months know the subject."""
    if subject not in scope.people and not await api.reads.knows(subject, scope.today):
        raise Refused(
            ProblemKind.UNKNOWN_SUBJECT, "neither the ledger nor the people know this subject"
        )
