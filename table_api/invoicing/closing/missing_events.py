"""Events that reached a hub and no ledger: open dead letters, and what retention took unread.

What the consumers left in storage says it; nothing here asks a hub.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from table_api.consumer_state.dead_letters import LOST_TIME, DeadLetterIndex, OpenLetter
from table_api.consumer_state.groups import Groups
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.invoicing.closing.hubs_read import late_by
from table_api.open_calls.table import OpenCalls
from table_api.storage.table_storage import TableStorage

LETTERS_LOOKED_AT_MAX = 100_000
"""Open ones of a hub: a hundred requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingEvents:
    """What a month may lack, and nobody waits for."""

    letters: int = 0
    """Open dead letters of both hubs that may be calls of the month or of an earlier one: they
    reached a hub before the month's end, or so soon after it as an event may be late. Of a hub at
    most LETTERS_LOOKED_AT_MAX count."""
    letters_of_month: int = 0
    """Among them those that reached it since the month began: the others stand against no close."""
    letters_complete: bool = True
    """False when a hub has more open letters since the month began than were looked at. What nobody
    can redrive of earlier months refuses no later close."""
    lost: int = 0
    """Events that retention took before they were read, since the consumers began. At least: what
    both groups of a hub lost counts once."""
    counted: int = 0
    """Among them those that a later event has shown. The others are gone as far as the hub says:
    they may still come out of a consumer's own buffer."""


MissingOf = Callable[[datetime, datetime], Awaitable[MissingEvents]]
"""What is missing of a month that begins and ends (exclusive) at these instants."""


def missing_events(storage: TableStorage, groups: Groups) -> MissingOf:
    """Reads the dead letters and the progress of all groups."""

    async def missing(start: datetime, stop: datetime) -> MissingEvents:
        late = stop + late_by(await OpenCalls(storage).settled())
        every: list[OpenLetter] = []
        of_month: list[OpenLetter] = []
        complete = True
        for hub in (groups.usage_hub, groups.diagnostics_hub):
            index = DeadLetterIndex(storage, hub)
            found = await index.open_letters(read_max=LETTERS_LOOKED_AT_MAX)
            every += found.letters
            if not found.complete:  # of earlier months there may be any number
                found = await index.open_letters(read_max=LETTERS_LOOKED_AT_MAX, since=start)
            of_month += (
                letter
                for letter in found.letters
                if letter.enqueued_time >= start or letter.enqueued_time == LOST_TIME
            )
            complete = complete and found.complete
        table = ProgressTable(storage)
        usage = [
            await table.of_group(each.hub, each.group)
            for each in (groups.metering, groups.pairing_usage)
        ]
        log = groups.pairing_diagnostics
        hubs = usage, [await table.of_group(log.hub, log.group)]
        return MissingEvents(
            letters=sum(letter.enqueued_time < late for letter in every),
            letters_of_month=sum(letter.enqueued_time < late for letter in of_month),
            letters_complete=complete,
            lost=sum(_most(hub, lambda row: row.lost) for hub in hubs),
            counted=sum(_most(hub, lambda row: row.counts.get(Count.LOST, 0)) for hub in hubs),
        )

    return missing


def _most(groups: Sequence[Sequence[Progress]], lost: Callable[[Progress], int]) -> int:
    """Of one hub, by its groups."""
    of_partitions: dict[str, int] = {}
    for rows in groups:
        for row in rows:
            of_partitions[row.partition] = max(lost(row), of_partitions.get(row.partition, 0))
    return sum(of_partitions.values())
