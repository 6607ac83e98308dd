"""Calls as one caller may see them."""

from collections.abc import Sequence

from table_api.http_api.access.question import Asking, Question
from table_api.ledger.day_range import DayRange
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.keys import CallAddress
from table_api.owners.share import DAY, Everything, Share
from table_api.storage.keys import encode_part
from table_api.usage.call_reads import CallPage, CallReads
from table_api.usage.newest_calls import NewestCalls, Wanted


async def calls_page(
    asking: Asking,
    question: Question,
    subject: str,
    *,
    limit: int,
    model: str | None,
    after: CallAddress | None,
) -> CallPage:
    """A page of a subject's calls; nothing of a subject that the caller does not see."""
    asking.show([subject])
    reads = CallReads(asking.api.storage, asking.api.reads)
    days = days_of(question, subject)
    return await reads.page(subject, days, limit=limit, model=model, after=after)


async def newest_page(
    asking: Asking,
    question: Question,
    subject: str,
    *,
    limit: int,
    wanted: Wanted,
    before: CallAddress | None,
) -> CallPage:
    """The same from the newest call backwards."""
    asking.show([subject])
    reads = NewestCalls(asking.api.storage, asking.api.reads)
    days = days_of(question, subject)
    return await reads.page(subject, days, limit=limit, wanted=wanted, before=before)


def only_subject(question: Question) -> str | None:
    """The one subject whose calls the caller sees; None where there are more."""
    sight = question.sight
    if isinstance(sight, Share) and not sight.has_centres and len(sight.subjects()) == 1:
        return sight.subject
    return None


def days_of(question: Question, subject: str) -> list[DayRange]:
    """The days of the question on which the caller sees the subject, in runs."""
    if isinstance(question.sight, Share):
        return question.sight.days(subject, question.days)
    return [question.days]


async def call_chain(asking: Asking, address: CallAddress) -> Sequence[LedgerEntry]:
    """All rows of a call; none of a call that the caller does not see."""
    if not await _may_be_seen(asking, address):
        return ()
    chain = await CallReads(asking.api.storage, asking.api.reads).chain(address)
    if not chain:
        return ()
    entry = chain[-1]
    sight = await asking.sight(DayRange(entry.day, entry.day + DAY))
    if isinstance(sight, Share) and not sight.sees(entry.subject, entry.day):
        return ()
    asking.show([entry.subject])
    return chain


async def _may_be_seen(asking: Asking, address: CallAddress) -> bool:
    """By the key alone: whoever owns no cost centre learns nothing from how long a read takes."""
    sight = await asking.sight()
    if isinstance(sight, Everything) or sight.has_centres:
        return True
    part = address.entry_key.split("|")[1]
    return part in {encode_part(subject) for subject in sight.subjects()}
