"""What Application Insights holds of calls, as one caller may see it.

A subject's items are asked for by their pseudonym, and of those days alone on which the caller sees
the subject. A pseudonym is a name again only where the caller sees that name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from table_api.http_api.access.insights import Insights
from table_api.http_api.access.question import Asking, Question
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.http_api.visible.calls import days_of
from table_api.http_api.visible.usage import everybodys_usage
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress, call_key, partition_key
from table_api.publishing.progress import read_progress
from table_api.publishing.published_days import CellName, PublishedCell, published_cells
from table_api.usage.daily_usage import DailyUsage
from table_api.usage.grouping import Dimension
from table_api.usage.spans import instants_of
from telemetry.exporting.tags import session_tag
from telemetry.queries import answers
from telemetry.queries.answers import Call, Cell, Item, Session, TokenHour, Top, UserDay
from telemetry.queries.logs_client import Answer

OFFSET_STEP = timedelta(minutes=15)
"""Every zone's midnight is a multiple of it in UTC."""
MICROSECOND = timedelta(microseconds=1)
BEFORE_CALL = timedelta(hours=1)
"""Items of a call are at most this much older than its time at the gateway."""
Position = tuple[datetime, str]
"""Time and entry of the last call that was shown."""


def insights_for(asking: Asking) -> Insights:
    """Refused where nobody said where Application Insights is."""
    if asking.api.insights is None:
        detail = "the API was started without LOG_ANALYTICS_WORKSPACE_ID"
        raise Refused(ProblemKind.NO_TELEMETRY, detail)
    return asking.api.insights


async def sent_until(asking: Asking) -> datetime | None:
    """Up to when all of the ledger is sent; None before the first complete pass. Refused where the
    publisher names callers by another key: whatever is asked for would seem to be missing.
    """
    progress = await read_progress(asking.api.storage)
    if progress.has_other_names(insights_for(asking).names.digest):
        detail = "TELEMETRY_SUBJECT_KEY of the API is not that of the publisher"
        raise Refused(ProblemKind.TELEMETRY_UNAVAILABLE, detail)
    return progress.until


async def user_days(asking: Asking, question: Question, subject: str) -> list[UserDay]:
    """A subject's calls by day and model."""
    insights, found = insights_for(asking), list[UserDay]()
    for days in days_of(question, subject):
        answer = await insights.ask(
            answers.USER_BY_DAY, user=insights.names.subject(subject),
            start=_midnight(days.start), stop=_midnight(days.stop),
        )  # fmt: skip
        _whole(answer)
        found += answer.rows
    asking.show([subject] if found else [])
    return found


async def user_sessions(
    asking: Asking, question: Question, subject: str
) -> tuple[list[Session], bool]:
    """A subject's sessions, and whether there are more of them."""
    insights, more = insights_for(asking), False
    found: list[Session] = []
    for days in days_of(question, subject):
        start, stop = bounds(days, question.meta.calendar)
        user = insights.names.subject(subject)
        answer = await insights.ask(answers.SESSIONS, user=user, start=start, stop=stop)
        found += answer.rows
        more = more or answer.more
    asking.show([subject] if found else [])
    return found, more


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsPage:
    """A page of a subject's calls, the newest first."""

    calls: Sequence[Call]
    more: bool
    partial: bool


async def user_calls(
    asking: Asking,
    question: Question,
    subject: str,
    *,
    session: str | None,
    limit: int,
    before: Position | None,
) -> CallsPage:
    """Up to `limit` calls before a position, of one session or of all."""
    insights = insights_for(asking)
    found: list[Call] = []
    more = partial = False
    for days in reversed(days_of(question, subject)):
        start, stop = bounds(days, question.meta.calendar)
        last = stop - MICROSECOND
        if before is not None and before[0] < last:
            last = before[0]
        if last < start:
            continue
        answer = await insights.ask(
            answers.CALLS, user=insights.names.subject(subject), session=session_tag(session or ""),
            every_session=session is None, start=start, stop=last,
        )  # fmt: skip
        new = [row for row in answer.rows if before is None or _follows(row, before)]
        if answer.more and not new:
            detail = f"there are over {len(answer.rows)} calls at {last.isoformat()}"
            raise Refused(ProblemKind.TOO_MUCH, detail)
        found += new
        more, partial = more or answer.more, partial or answer.partial
        if more or len(found) > limit:
            break
    asking.show([subject] if found else [])
    return CallsPage(calls=found[:limit], more=more or len(found) > limit, partial=partial)


async def call_items(asking: Asking, chain: Sequence[LedgerEntry]) -> Answer[Item]:
    """The items of one call, whose chain the caller sees.

    The operation is the caller's word, so it may hold calls of others: nothing of them is given.
    """
    insights, entry = insights_for(asking), chain[-1]
    address = CallAddress(entry.partition, entry.entry_key)
    start = entry.time - BEFORE_CALL
    answer = await insights.ask(answers.OPERATION, call=entry.call_id, start=start)
    name = insights.names.entry(address.opaque_id)
    kept = list(_of_call(answer.rows, entry.call_id, name))
    more = answer.more and len(kept) == len(answer.rows)  # those of the call come first
    return Answer(kept, more=more, partial=answer.partial)


def _of_call(items: Sequence[Item], call_id: str, entry: str) -> Iterator[Item]:
    requests = {
        item.id: item.operation_id
        for item in items
        if item.kind == "request" and item.properties.get("Request Id") == call_id
    }
    for item in items:
        if item.kind == "event":
            wanted = item.id == entry
        elif item.kind == "request":
            wanted = item.id in requests
        else:
            wanted = requests.get(item.parent_id) == item.operation_id
        if wanted:
            yield item


def call_id_of(asking: Asking, question: Question, subject: str, call: Call) -> str | None:
    """The id of a call at /v1/calls/{call_id}, made from its facts; None where they name no call
    that was sent.
    """
    meta = question.meta
    day = meta.calendar.day(call.time)
    partition = partition_key(day, subject, meta.settings.shards)
    key = call_key(subject, day, call.time, call.call_id)
    opaque = CallAddress(partition, key).opaque_id
    return opaque if insights_for(asking).names.entry(opaque) == call.entry else None


async def top_groups(asking: Asking, question: Question, by_what: str) -> list[Top]:
    """What costs most, over everybody: for who sees everybody."""
    start, stop = bounds(question.days, question.meta.calendar)
    answer = await insights_for(asking).ask(answers.TOP, by_what=by_what, start=start, stop=stop)
    asking.shows_everybody = True
    return answer.rows


async def token_hours(asking: Asking, question: Question) -> list[TokenHour]:
    """Tokens by hour, over everybody."""
    start, stop = bounds(question.days, question.meta.calendar)
    answer = await insights_for(asking).ask(answers.TOKEN_METRIC, start=start, stop=stop)
    _whole(answer)
    return answer.rows


async def subjects_by_user(asking: Asking, question: Question) -> Mapping[str, str]:
    """The subject of each pseudonym that the caller may undo."""
    names = insights_for(asking).names
    cells = await everybodys_usage(asking, question, {Dimension.SUBJECT})
    subjects = {*(cell.subject for cell in cells), *(each.subject for each in question.people)}
    return {names.subject(subject): subject for subject in subjects}


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeSides:
    """The same cells as the ledger, the publisher and Application Insights have them."""

    ledger: Mapping[CellName, Sequence[DailyUsage]]
    published: Mapping[CellName, PublishedCell]
    insights: Mapping[CellName, Sequence[Cell]]


async def three_sides(asking: Asking, question: Question) -> ThreeSides:
    """Everybody's cells, for who sees everybody."""
    insights, days = insights_for(asking), question.days
    answer = await insights.ask(
        answers.CELLS, start=_midnight(days.start), stop=_midnight(days.stop)
    )
    published = await published_cells(asking.api.storage, days)
    dimensions = {Dimension.SUBJECT, Dimension.MODEL, Dimension.DAY}
    cells = await everybodys_usage(asking, question, dimensions)
    names = {subject for _, subject, _ in published} | {cell.subject for cell in cells}
    subjects = {insights.names.subject(subject): subject for subject in names}
    ledger: dict[CellName, list[DailyUsage]] = {}
    for cell in cells:
        ledger.setdefault((cell.day, cell.subject, cell.model), []).append(cell)
    held: dict[CellName, list[Cell]] = {}
    for row in answer.rows:
        name = row.day.date(), subjects.get(row.user_id, row.user_id), row.model
        held.setdefault(name, []).append(row)
    return ThreeSides(ledger=ledger, published=published, insights=held)


def bounds(days: DayRange, calendar: BillingCalendar) -> tuple[datetime, datetime]:
    """[start, stop) of exactly the instants of days of the billing zone."""
    start, stop = instants_of(days.start, calendar)[0], instants_of(days.last, calendar)[1]
    while calendar.day(start) < days.start:
        start += OFFSET_STEP
    while calendar.day(stop - OFFSET_STEP) > days.last:
        stop -= OFFSET_STEP
    return start, stop


def _midnight(day: date) -> datetime:
    """A charge day, as the queries compare it."""
    return datetime.fromisoformat(f"{day.isoformat()}T00:00:00+00:00")


def _follows(call: Call, before: Position) -> bool:
    """Calls are ordered by falling time, then by entry."""
    return call.time < before[0] or (call.time == before[0] and call.entry > before[1])


def _whole(answer: Answer[UserDay] | Answer[TokenHour]) -> None:
    if answer.more:
        raise Refused(ProblemKind.TOO_MUCH, "there are too many lines: ask for fewer days")
