"""The state of metering: progress per partition, open dead letters, the last audit."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from table_api.audit.last_audit import last_audit
from table_api.audit.ledger_audit import AuditReport
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.consumer_state.groups import Groups
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.http_api.conventions.models import Answer
from table_api.invoicing.closing.waiting import WaitingCount
from table_api.storage.table_storage import TableStorage


class Health(Answer):
    """The API and its storage answer."""

    status: str = "ok"
    zone: str
    currency: str
    auth_mode: str


class PartitionProgress(Answer):
    """How far metering is in one partition of the hub."""

    hub: str
    consumer_group: str
    partition: str
    sequence_number: int
    enqueued_time: datetime | None
    passed: datetime | None
    recorded_at: datetime
    counts: dict[Count, int]


class Audit(Answer):
    """The last audit of the ledger."""

    at: datetime
    ok: bool
    calls: int
    cells: int
    moving: int
    problems: list[str]


class Metering(Answer):
    """The state of metering; totals are the partitions' counts, summed."""

    partitions: list[PartitionProgress]
    passed: datetime | None
    totals: dict[Count, int]
    waiting: int
    dead_letters_open: int
    dead_letters_complete: bool
    audit: Audit | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteringStatus:
    """The state of metering at one moment."""

    partitions: tuple[Progress, ...]
    totals: Mapping[Count, int]
    """The partitions' counts, summed."""
    waiting: int
    """Calls that wait for their usage now."""
    dead_letters_open: int
    dead_letters_complete: bool
    """Whether every dead letter was read: see OpenLetters."""
    audit: AuditReport | None
    """None before the first audit."""


async def read_metering(
    storage: TableStorage, groups: Groups, waiting: WaitingCount, now: Callable[[], datetime]
) -> MeteringStatus:
    """Read it all. May raise Unavailable."""
    metering = groups.metering
    partitions = await ProgressTable(storage).of_group(metering.hub, metering.group)
    letters = await DeadLetterIndex(storage, metering.hub).open_letters()
    return MeteringStatus(
        partitions=tuple(partitions),
        totals={count: sum(_counts(row)[count] for row in partitions) for count in Count},
        waiting=await waiting.read(storage, groups, now),
        dead_letters_open=len(letters.letters),
        dead_letters_complete=letters.complete,
        audit=await last_audit(storage),
    )


def _counts(row: Progress) -> dict[Count, int]:
    """Also what was lost and no later event has shown yet."""
    return {**row.counts, Count.LOST: row.lost}


def passed_by_all(partitions: Sequence[Progress]) -> datetime | None:
    """Everything that reached the hub until then is metered. None when nothing shows it."""
    known = max((row.partitions or 0 for row in partitions), default=0)
    times = [row.passed for row in partitions if row.passed is not None]
    if not times or len(times) < max(known, len(partitions)):
        return None
    return min(times)


def metering_answer(status: MeteringStatus) -> Metering:
    """The answer of /v1/metering."""
    audit = status.audit
    return Metering(
        partitions=[
            PartitionProgress(
                hub=row.hub,
                consumer_group=row.group,
                partition=row.partition,
                sequence_number=row.sequence_number,
                enqueued_time=row.enqueued_time,
                passed=row.passed,
                recorded_at=row.recorded_at,
                counts=_counts(row),
            )
            for row in status.partitions
        ],
        passed=passed_by_all(status.partitions),
        totals=dict(status.totals),
        waiting=status.waiting,
        dead_letters_open=status.dead_letters_open,
        dead_letters_complete=status.dead_letters_complete,
        audit=None
        if audit is None
        else Audit(
            at=audit.at,
            ok=audit.ok,
            calls=audit.calls,
            cells=audit.cells,
            moving=audit.moving,
            problems=list(audit.problems),
        ),
    )
