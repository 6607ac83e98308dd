"""How far behind a consumer group is, per partition: the hub's own numbers next to its progress."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from consumers.receiving.hub import HubState, PartitionState
from consumers.running.clients import Clients, open_clients
from consumers.settings import Settings
from table_api.consumer_state.progress import Count, Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """One partition."""

    partition: str
    last_enqueued: int
    """Sequence number of the hub's last event; -1 when there never was one."""
    durable: int | None
    """Sequence number that metering has made durable; None before the first save."""
    checkpoint: int | None
    """Where the SDK would start from; never ahead of `durable`."""
    behind_events: int
    behind_seconds: int
    """How long what is behind may have waited; before the first save, how old the last event is."""
    lost: int
    """Events that retention took before we read them: counted, or gone past `durable`."""


def lag_of(
    at: PartitionState,
    progress: Progress | None,
    checkpoint: int | None,
    *,
    now: datetime,
) -> PartitionLag:
    """Pure. `progress` is None before the first save in this life of the hub.

    Events that the retention took before we read them are no longer lag: they are lost. The row
    counts them once a later event arrives; until then the hub's first number shows them.
    """
    durable = None if progress is None else progress.sequence_number
    start = max(at.first_sequence_number - 1, -1 if durable is None else durable)
    behind = 0 if at.empty else max(0, at.last_sequence_number - start)
    read_until = None if progress is None else progress.read_until(now)
    since = read_until or at.last_enqueued_time
    return PartitionLag(
        partition=at.partition,
        last_enqueued=at.last_sequence_number,
        durable=durable,
        checkpoint=checkpoint,
        behind_events=behind,
        behind_seconds=max(0, round((now - since).total_seconds())) if behind else 0,
        lost=_lost(at, progress),
    )


def _lost(at: PartitionState, progress: Progress | None) -> int:
    if progress is None:
        return 0
    gone = max(progress.gone, at.first_sequence_number - 1 - progress.sequence_number)
    return progress.counts.get(Count.LOST, 0) + gone


async def read_lag(clients: Clients, *, now: datetime) -> list[PartitionLag]:
    """Every partition of the hub. Raises HubUnavailable or Unavailable."""
    address = clients.hub.address
    state = await clients.hub.state()
    partitions, rows, checkpoints = await asyncio.gather(
        clients.hub.partitions(state.partitions),
        clients.progress.of_group(address.hub, address.group),
        clients.checkpoints.positions(),
    )
    saved = _of_this_life(rows, state)
    return [
        lag_of(at, saved.get(at.partition), checkpoints.get(at.partition), now=now)
        for at in partitions
    ]


def _of_this_life(rows: Sequence[Progress], state: HubState) -> dict[str, Progress]:
    return {row.partition: row for row in rows if row.hub_created_at == state.created_at}


def as_json(lags: Sequence[PartitionLag]) -> dict[str, object]:
    """For machines: totals (a scaler's two first), and the partitions."""
    return {
        "behind_events": sum(lag.behind_events for lag in lags),
        "behind_seconds": max((lag.behind_seconds for lag in lags), default=0),
        "lost": sum(lag.lost for lag in lags),
        "partitions": [asdict(lag) for lag in lags],
    }


def as_table(lags: Sequence[PartitionLag]) -> str:
    """For people."""
    head = "partition     enqueued      durable   checkpoint    behind       s      lost"
    lines = [
        f"{lag.partition:>9} {lag.last_enqueued:>12} {_or_dash(lag.durable):>12} "
        f"{_or_dash(lag.checkpoint):>12} {lag.behind_events:>9} {lag.behind_seconds:>7} "
        f"{lag.lost:>9}"
        for lag in lags
    ]
    return "\n".join([head, *lines])


def _or_dash(number: int | None) -> str:
    return "-" if number is None else str(number)


async def lag(settings: Settings, *, json_form: bool = False) -> int:
    """Events and seconds behind, per partition."""
    async with open_clients(settings) as clients:
        lags = await read_lag(clients, now=datetime.now(UTC))
    print(json.dumps(as_json(lags)) if json_form else as_table(lags))
    return 0
