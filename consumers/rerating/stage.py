"""Staging: the calls of a scope rated with another book, as pairs before → after and their diff.

Nothing of it shows in any total. What one run holds is kept as documents named by the run.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import pricing_rules
from consumers.errors import RerateRefused
from consumers.rerating.diff import COSTED, Diff, diff_document
from pricing_rules.decoding.usage_event import with_usage
from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import CallState, UsageEvent
from table_api.consumer_state.raw_usage import RawUsage, RawUsageKey
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.chain_changes import PlaceCall, Repricing
from table_api.ledger.entries import LedgerEntry
from table_api.ledger.posting import MeteredCall
from table_api.ledger.recorded_call import differs, recorded_event, state_digest
from table_api.rerating.pairs import Pair, encode_pairs
from table_api.rerating.run import Rerating, RunState
from table_api.rerating.runs_table import Reratings
from table_api.rerating.scope import Scope, ScopedCall
from table_api.storage.blobs import Documents, create_once

PAIRS_MAX = 500_000
"""Changes in one run: about 500 MB while it is staged."""
REASONS_NAMED_MAX = 10
RATING_FILES = ("money", "types", "units")
RATING_FOLDERS = ("decoding", "engine", "price_book", "provider_usage")
"""With what is in them: `price_book/evidence` says who served a call, and a usage object that was
kept is read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """A scope rated with a book; nothing is written yet."""

    scope: Scope
    book_version: str
    currencies: tuple[str, str]
    """Pricing, billing."""
    pairs: bytes
    diff: Diff
    lost: Counter[str]
    """Calls that would lose their price, by deployment and reason."""

    @property
    def run(self) -> str:
        """Named by its report and what it changes: the same staged twice is one run.

        A pair has the number of the chain's last row, so that what a revert has brought back can be
        changed again; the report is a part of it, so that the one that was approved stays.
        """
        return "r" + hashlib.sha256(self.document(run=None) + self.pairs).hexdigest()[:12]

    def document(self, *, run: str | None) -> bytes:
        """The report; without a run it is a what-if."""
        return diff_document(
            self.diff,
            run=run,
            scope=self.scope,
            book_version=self.book_version,
            engine_version=engine_version(),
            currencies=self.currencies,
        )


async def rate_scope(
    calls: AsyncIterator[ScopedCall],
    book: Book,
    scope: Scope,
    *,
    place: PlaceCall,
    raw_usage: RawUsage,
) -> Staging:
    """Rate every call once more. RerateRefused when more than PAIRS_MAX would change."""
    pairs: list[bytes] = []
    diff, lost = Diff(), Counter[str]()
    async for call in calls:
        entry = call.entry
        event, read_again = await _event(entry, raw_usage)
        priced = rate(event, book, call.cost_centre)
        after = place(MeteredCall(priced=priced, origin=entry.origin))
        changed = differs(entry, after)
        diff.add(call, entry.model, after=after, changed=changed)
        if not changed:
            continue
        if entry.state in COSTED and priced.state not in COSTED:
            lost[f"{entry.deployment}: {priced.reason}"] += 1
        if len(pairs) == PAIRS_MAX:
            raise RerateRefused(
                f"more than {PAIRS_MAX} calls would change: stage a shorter period at a time"
            )
        pair = Pair(
            partition=entry.partition,
            entry_key=entry.entry_key,
            subject=entry.subject,
            number=entry.number,
            before=state_digest(entry),
            after=Repricing.of(priced),
            event=event if read_again else None,
        )
        pairs.append(encode_pairs([pair]))
    return Staging(
        scope=scope,
        book_version=book.version,
        currencies=(book.pricing_currency, book.billing_currency),
        pairs=b"".join(pairs),
        diff=diff,
        lost=lost,
    )


async def _event(entry: LedgerEntry, raw_usage: RawUsage) -> tuple[UsageEvent, bool]:
    """The report that the row stands on, and whether its usage is read otherwise today.

    Only where its counts were in doubt: the object was kept then, and may be purged by now.
    """
    event = recorded_event(entry)
    if entry.state is not CallState.UNPRICED or entry.caveats is None:
        return event, False
    origin = entry.origin
    usage = await raw_usage.find(
        RawUsageKey(
            call_id=entry.call_id,
            time=entry.time,
            partition=origin.partition,
            sequence_number=origin.sequence_number,
        )
    )
    if usage is None:
        return event, False
    today = with_usage(event, usage)
    return today, today.usage != event.usage


def check(staging: Staging, *, allow_unpriced: bool) -> None:
    """RerateRefused when the book prices less than the ledger has, or nothing would change."""
    if not staging.diff.total.calls:
        raise RerateRefused("there is no call in this scope")
    if not staging.diff.total.changed:
        raise RerateRefused(
            f"the book changes none of the {staging.diff.total.calls} calls in this scope"
        )
    if staging.lost and not allow_unpriced:
        named = [f"{calls} × {why}" for why, calls in staging.lost.most_common(REASONS_NAMED_MAX)]
        raise RerateRefused(
            f"with this book {staging.lost.total()} calls would lose their price "
            f"(--allow-unpriced stages it all the same): {'; '.join(named)}"
        )


async def keep_and_warn(
    staging: Staging, reratings: Reratings, documents: Documents, *, at: datetime
) -> tuple[Rerating, list[str]]:
    """Store a staging as a run; names each other run that waits for some of the same days."""
    run = await keep_staging(staging, reratings, documents, at=at)
    warnings = [
        f"run {other.run} ({other.state}) covers some of the same days; "
        "each run skips calls that the other has changed"
        for other in _overlapping(run, await reratings.all())
    ]
    return run, warnings


async def keep_staging(
    staging: Staging, reratings: Reratings, documents: Documents, *, at: datetime
) -> Rerating:
    """The run. Its pairs are written first, so a run that is seen has them."""
    run, total = staging.run, staging.diff.total
    await documents.create_container()
    await create_once(
        documents, pairs_name(run), staging.pairs, content_type="application/x-ndjson"
    )
    rerating = Rerating(
        run=run,
        state=RunState.STAGED,
        scope=staging.scope,
        book_version=staging.book_version,
        engine_version=engine_version(),
        currency=staging.currencies[0],
        calls=total.calls,
        changed=total.changed,
        before=total.before,
        after=total.after,
        newly_priced=total.newly_priced,
        newly_unpriced=total.newly_unpriced,
        unpriced_before=total.unpriced_before,
        unpriced_after=total.unpriced_after,
        pairs_sha256=hashlib.sha256(staging.pairs).hexdigest(),
        staged_at=at,
    )
    return await reratings.add(rerating, staging.document(run=run))


def is_live(scope: Scope, calendar: BillingCalendar, now: datetime) -> bool:
    """Whether calls of its days may still come: a day is one of the billing zone."""
    return scope.to_day > calendar.day(now)


def _overlapping(run: Rerating, runs: Sequence[Rerating]) -> list[Rerating]:
    """Others that wait for some of the same days: later runs skip what an earlier one changed."""
    waiting = {RunState.STAGED, RunState.APPROVED, RunState.APPLYING}
    return [
        other
        for other in runs
        if other.state in waiting
        and other.run != run.run
        and other.scope.from_day < run.scope.to_day
        and run.scope.from_day < other.scope.to_day
    ]


def pairs_name(run: str) -> str:
    """Document of the pairs."""
    return f"{run}/pairs.ndjson"


def rating_sources(root: Path) -> list[Path]:
    """The files of package `pricing_rules` that decide what a call of a loaded book costs. Without
    importers and verbs: they change no such price.
    """
    sources = [root / f"{name}.py" for name in RATING_FILES]
    for folder in RATING_FOLDERS:
        sources += sorted((root / folder).rglob("*.py"))
    return sources


@cache
def engine_version() -> str:
    """16 hex digits over the sources that rate: only by the same is a run repeated byte by byte."""
    root = Path(pricing_rules.__file__ or "").parent
    digest = hashlib.sha256()
    for path in rating_sources(root):
        name = path.relative_to(root).as_posix()
        digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]
