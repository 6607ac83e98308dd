"""How metering stands: progress per partition, open dead letters, the last audit. Reads only."""

from collections.abc import Mapping
from dataclasses import dataclass

from table_api.audit.last_audit import last_audit
from table_api.audit.ledger_audit import AuditReport
from table_api.consumer_state.dead_letters import DeadLetterIndex, LetterState
from table_api.consumer_state.groups import MeteringPlace
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.storage.table_storage import TableStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class MeteringStatus:
    """The state of metering at one moment."""

    partitions: tuple[Progress, ...]
    totals: Mapping[Count, int]
    """The partitions' counts, summed."""
    dead_letters_open: int
    audit: AuditReport | None
    """None before the first audit."""


async def read_metering(storage: TableStorage, place: MeteringPlace) -> MeteringStatus:
    """Read it all. May raise Unavailable."""
    partitions = await ProgressTable(storage).of_group(place.hub, place.group)
    letters = DeadLetterIndex(storage, place.hub).all()
    return MeteringStatus(
        partitions=tuple(partitions),
        totals={count: sum(row.counts[count] for row in partitions) for count in Count},
        dead_letters_open=sum([letter.state is LetterState.OPEN async for letter in letters]),
        audit=await last_audit(storage),
    )
