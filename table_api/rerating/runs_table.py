"""Re-rating runs: what each wants, who approved it, how far it is. Table `reratings`.

A run goes staged → approved → applying → applied, and back by reverting → reverted. At most one is
worked on at a time: its worker holds the row `active` and renews it with every batch, so that a
worker that was taken for dead stops at its next batch.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from table_api.errors import AlreadyExists, ChangedMeanwhile
from table_api.rerating.run import (
    Approval,
    Rerating,
    RunRefused,
    RunState,
    Work,
    read_rerating,
    rerating_columns,
)
from table_api.storage.keys import starting_with
from table_api.storage.parallel import chunks
from table_api.storage.table_storage import (
    OPERATIONS_MAX,
    Insert,
    Replace,
    Row,
    TableStorage,
    Upsert,
    Value,
    etag_of,
)

RERATINGS_TABLE = "reratings"
DOCUMENTS_CONTAINER = "reratings"
RUNS_PARTITION = "runs"
ACTIVE_ROW = "active"
LEASE_S = 60
"""A worker that has not renewed for so long is taken for dead."""
LISTED_MAX = 10_000
"""Calls left alone that one read gives."""
PART_CHARS = 30_000
"""Of a report in one row: a text column holds 32 Ki characters."""
PARTS_AT_ONCE = 20
"""Rows of a report in one transaction, of 3.5 MiB at most at 4 bytes a character."""

_RUN_ID = re.compile(r"r[0-9a-z]{1,63}", re.ASCII).fullmatch
"""What is asked for may be any text; no other is a key."""
_RUN_ROWS = starting_with("r")


_MAY_BEGIN = {
    # A run that was applied or reverted may be gone through again: what is settled stays so.
    Work.APPLY: (RunState.APPROVED, RunState.APPLYING),
    Work.REVERT: (RunState.APPLYING, RunState.APPLIED, RunState.REVERTING, RunState.REVERTED),
}
_DURING = {Work.APPLY: RunState.APPLYING, Work.REVERT: RunState.REVERTING}


@dataclass(frozen=True, slots=True)
class LeftAlone:
    """A call that a run did not change, and why."""

    partition: str
    entry_key: str
    reason: str


class Reratings:
    """The runs of one ledger. Methods may raise Unavailable."""

    def __init__(self, storage: TableStorage) -> None:
        self._storage = storage

    async def add(self, rerating: Rerating, report: bytes) -> Rerating:
        """A staged run; the one that stands when the same was staged before.

        The report, in UTF-8, is written first: a run that is seen has it, and its digest.
        """
        rerating = replace(rerating, report_sha256=hashlib.sha256(report).hexdigest())
        await self._storage.create_table(RERATINGS_TABLE)
        await self._keep_report(rerating.run, report.decode())
        try:
            row = Insert(rerating.run, rerating_columns(rerating))
            await self._storage.transact(RERATINGS_TABLE, RUNS_PARTITION, [row])
        except AlreadyExists:
            return await self.get(rerating.run)
        return rerating

    async def get(self, run: str) -> Rerating:
        """RunRefused when there is none."""
        return read_rerating(await self._row(run))

    async def all(self) -> list[Rerating]:
        """Every run, the newest first."""
        found: list[Rerating] = []
        async for page in self._storage.query(RERATINGS_TABLE, RUNS_PARTITION, _RUN_ROWS):
            found.extend(read_rerating(row) for row in page)
        return sorted(found, key=lambda each: (each.staged_at, each.run), reverse=True)

    async def approve(self, run: str, *, by: str, why: str, at: datetime) -> Rerating:
        """Only a staged run."""
        row = await self._row(run)
        found = read_rerating(row)
        if found.state is not RunState.STAGED:
            raise RunRefused(f"run {run} is {found.state}, only a staged one can be approved")
        approval = Approval(by=by, why=why, at=at)
        approved = replace(found, state=RunState.APPROVED, approved=approval)
        change = Replace(run, rerating_columns(approved), etag_of(row))
        await self._write([change], f"run {run}")
        return approved

    async def begin(self, run: str, work: Work, *, owner: str, at: datetime) -> Rerating:
        """Take the one place of work. The same work of the same run is taken over at once, since
        two workers of it do no harm; any other waits until the lease has ended.
        """
        row, active = await self._row(run), await self._active()
        found = read_rerating(row)
        if found.state not in _MAY_BEGIN[work]:
            may = " or ".join(_MAY_BEGIN[work])
            raise RunRefused(f"run {run} is {found.state}, to {work} it, it must be {may}")
        if active is not None and _held(active, at) and (run, work) != _held_by(active):
            raise RunRefused(
                f"run {active['run']} is in work ({active['work']}) until {active['until']}: "
                "one run at a time"
            )
        position = found.position if found.state is _DURING[work] else 0
        begun = replace(found, state=_DURING[work], position=position)
        await self._write(
            [
                Replace(run, rerating_columns(begun), etag_of(row)),
                _slot(active, begun.run, work, owner, at),
            ],
            f"run {run}",
        )
        return begun

    async def finish(self, rerating: Rerating, work: Work, *, owner: str, at: datetime) -> Rerating:
        """The work is done; the place of work is free."""
        if work is Work.APPLY:
            done = replace(rerating, state=RunState.APPLIED, applied_at=at)
        else:
            reverted = rerating.reverted and replace(rerating.reverted, at=at)
            done = replace(rerating, state=RunState.REVERTED, reverted=reverted)
        await self.renew(done, work, owner=owner, at=at - timedelta(seconds=LEASE_S))
        return done

    async def report(self, run: str) -> bytes | None:
        """The run's report as JSON."""
        parts: list[str] = []
        async for page in self._storage.query(RERATINGS_TABLE, run, starting_with("report|")):
            parts.extend(str(row["part"]) for row in page)
        return "".join(parts).encode() if parts else None

    async def _keep_report(self, run: str, text: str) -> None:
        rows = [
            Upsert(f"report|{start // PART_CHARS:06d}", {"part": text[start : start + PART_CHARS]})
            for start in range(0, len(text), PART_CHARS)
        ]
        for parts in chunks(rows, PARTS_AT_ONCE):
            await self._storage.transact(RERATINGS_TABLE, run, parts)

    async def note(self, run: str, work: Work, calls: Sequence[LeftAlone]) -> None:
        """Keep which calls were left alone; the same again changes nothing."""
        for part in chunks(calls, OPERATIONS_MAX):
            rows = [
                Upsert(
                    f"{work}|{call.partition}|{call.entry_key}",
                    {
                        "partition": call.partition,
                        "entry_key": call.entry_key,
                        "reason": call.reason,
                    },
                )
                for call in part
            ]
            await self._storage.transact(RERATINGS_TABLE, run, rows)

    async def noted(self, run: str, work: Work) -> list[LeftAlone]:
        """Which calls were left alone, at most LISTED_MAX."""
        found: list[LeftAlone] = []
        keys = starting_with(f"{work}|")
        async for page in self._storage.query(RERATINGS_TABLE, run, keys, rows_max=LISTED_MAX):
            found.extend(
                LeftAlone(str(row["partition"]), str(row["entry_key"]), str(row["reason"]))
                for row in page
            )
        return found[:LISTED_MAX]

    async def renew(self, rerating: Rerating, work: Work, *, owner: str, at: datetime) -> None:
        """Keep the place of work and the counts. RunRefused when another process has taken it."""
        row, active = await self._row(rerating.run), await self._active()
        if active is None or active["owner"] != owner:
            raise RunRefused(f"run {rerating.run}: another process has taken over its work")
        await self._write(
            [
                Replace(rerating.run, rerating_columns(rerating), etag_of(row)),
                _slot(active, rerating.run, work, owner, at),
            ],
            f"run {rerating.run}",
        )

    async def _row(self, run: str) -> Row:
        row = None
        if _RUN_ID(run):
            row = await self._storage.get(RERATINGS_TABLE, RUNS_PARTITION, run)
        if row is None:
            raise RunRefused(f"there is no run {run!r}: see `rerate list`")
        return row

    async def _active(self) -> Row | None:
        return await self._storage.get(RERATINGS_TABLE, RUNS_PARTITION, ACTIVE_ROW)

    async def _write(self, operations: Sequence[Insert | Replace], what: str) -> None:
        try:
            await self._storage.transact(RERATINGS_TABLE, RUNS_PARTITION, operations)
        except (AlreadyExists, ChangedMeanwhile) as error:
            raise RunRefused(f"{what} was changed by another process just now") from error


def _slot(active: Row | None, run: str, work: Work, owner: str, at: datetime) -> Insert | Replace:
    until = (at + timedelta(seconds=LEASE_S)).astimezone(UTC)
    columns: dict[str, Value] = {
        "run": run,
        "work": work.value,
        "owner": owner,
        "until": until.isoformat(),
    }
    if active is None:
        return Insert(ACTIVE_ROW, columns)
    return Replace(ACTIVE_ROW, columns, etag_of(active))


def _held(active: Row, at: datetime) -> bool:
    return datetime.fromisoformat(str(active["until"])) > at


def _held_by(active: Row) -> tuple[str, str]:
    return str(active["run"]), str(active["work"])
