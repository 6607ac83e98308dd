"""Applying and reverting a run: the staged pairs, batch by batch, into the chains.

The chains are the truth of how far it is, so a killed worker is simply started again.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from uuid import uuid4

from consumers.rerating.arguments import BATCH_CALLS_MAX
from consumers.rerating.reviewed import reviewed_pairs, staged_pairs
from pricing_rules.money import format_pico
from table_api.ledger.chain_changes import Reprice, Revert
from table_api.ledger.keys import CallAddress
from table_api.ledger.post_result import Outcome, PostResult
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.rerating.pairs import Pair, decode_pairs
from table_api.rerating.run import Approval, Rerating, Settled, Work
from table_api.rerating.runs_table import LeftAlone, Reratings
from table_api.storage.blobs import Documents
from telemetry.names import OfSpan, SpanName
from telemetry.spans import span

Progressed = Callable[[int, int], None]
"""Told the pairs settled and all pairs, after each batch."""


class RunWorker:
    """Carries one run out, forth or back."""

    def __init__(
        self,
        ledger: ProjectedLedger,
        reratings: Reratings,
        documents: Documents,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self._ledger = ledger
        self._reratings = reratings
        self._documents = documents
        self._now = now
        self._owner = str(uuid4())

    async def apply(
        self, run: str, *, batch_calls: int = BATCH_CALLS_MAX, progressed: Progressed
    ) -> Rerating:
        """RunRefused unless it is approved, or was begun. Safe to repeat after any crash."""
        begun = await self._reratings.begin(run, Work.APPLY, owner=self._owner, at=self._now())
        if begun.position == 0:
            begun = replace(begun, written=Settled())

        approver = begun.approved.by if begun.approved else ""

        def wanted(pair: Pair) -> Reprice:
            return Reprice(
                entry_key=pair.entry_key,
                subject=pair.subject,
                before=pair.before,
                after=pair.after,
                event=pair.event,
                run=run,
                by=approver,
                place=self._ledger.place,
            )

        return await self._work(
            begun, Work.APPLY, wanted, batch_calls=batch_calls, progressed=progressed
        )

    async def revert(
        self,
        run: str,
        *,
        by: str,
        why: str,
        batch_calls: int = BATCH_CALLS_MAX,
        progressed: Progressed,
    ) -> Rerating:
        """RunRefused unless applying was begun. Safe to repeat after any crash."""
        begun = await self._reratings.begin(run, Work.REVERT, owner=self._owner, at=self._now())
        last_revert = begun.reverted.at if begun.reverted else None
        begun = replace(begun, reverted=Approval(by=by, why=why, at=last_revert))
        if begun.position == 0:
            begun = replace(begun, restored=Settled())

        def wanted(pair: Pair) -> Revert:
            return Revert(
                entry_key=pair.entry_key,
                subject=pair.subject,
                run=run,
                by=by,
                place=self._ledger.place,
            )

        return await self._work(
            begun, Work.REVERT, wanted, batch_calls=batch_calls, progressed=progressed
        )

    async def _work(
        self,
        rerating: Rerating,
        work: Work,
        wanted: Callable[[Pair], Reprice | Revert],
        *,
        batch_calls: int,
        progressed: Progressed,
    ) -> Rerating:
        name = SpanName.RERATE if work is Work.APPLY else SpanName.REVERT
        with span(name, _about(rerating)):
            return await self._work_on(
                rerating, work, wanted, batch_calls=batch_calls, progressed=progressed
            )

    async def _work_on(
        self,
        rerating: Rerating,
        work: Work,
        wanted: Callable[[Pair], Reprice | Revert],
        *,
        batch_calls: int,
        progressed: Progressed,
    ) -> Rerating:
        if work is Work.APPLY:
            content = await reviewed_pairs(rerating, self._reratings, self._documents)
        else:
            content = await staged_pairs(rerating, self._documents)
        pairs = decode_pairs(content)
        for _ in islice(pairs, rerating.position):
            pass
        while batch := list(islice(pairs, batch_calls)):
            # 1. The place of work: a worker that was taken for dead ends here.
            await self._reratings.renew(rerating, work, owner=self._owner, at=self._now())
            # 2. The chains. A crash in it: the next worker finds which of them have the run.
            results = await self._ledger.amend(
                {CallAddress(pair.partition, pair.entry_key): wanted(pair) for pair in batch}
            )
            # 3. Who was left alone. A crash between 2 and 3: the batch is judged again, alike.
            alone = [
                LeftAlone(partition, entry_key, result.reason or "")
                for (partition, entry_key), result in results.items()
                if result.outcome in {Outcome.LEFT_ALONE, Outcome.REFUSED}
            ]
            await self._reratings.note(rerating.run, work, alone)
            rerating = _counted(rerating, work, list(results.values()), len(alone))
            progressed(rerating.position, rerating.changed)
        return await self._reratings.finish(rerating, work, owner=self._owner, at=self._now())


def _about(rerating: Rerating) -> dict[str, str | int]:
    return {
        OfSpan.RUN.value: rerating.run,
        OfSpan.CALLS.value: rerating.changed,
        OfSpan.BEFORE.value: format_pico(rerating.before),
        OfSpan.AFTER.value: format_pico(rerating.after),
        OfSpan.CURRENCY.value: rerating.currency,
    }


def _counted(rerating: Rerating, work: Work, results: Sequence[PostResult], alone: int) -> Rerating:
    """A chain that already has the row counts as written, by whichever worker."""
    settled = sum(
        result.outcome is Outcome.CORRECTED
        or (result.outcome is Outcome.DUPLICATE and result.reason is None)
        for result in results
    )
    position = rerating.position + len(results)
    if work is Work.APPLY:
        written = rerating.written.plus(settled, alone)
        return replace(rerating, position=position, written=written)
    restored = rerating.restored.plus(settled, alone)
    return replace(rerating, position=position, restored=restored)
