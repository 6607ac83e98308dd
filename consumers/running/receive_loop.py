"""Receives until the end, with a new client when one is stuck; sets the garbage collector."""

import asyncio
import gc
from typing import TypeVar

from consumers.errors import GivenUp, HubRecreated, HubUnavailable, PartitionStalled
from consumers.log_actions import Action
from consumers.receiving.dead_letter_limit import DeadLetterLimit
from consumers.receiving.handler import Handler
from consumers.receiving.hub import HubState, make_receiving_client
from consumers.receiving.monitor import Monitor, MonitorLimits
from consumers.receiving.partition_worker import PartitionWorker, WorkLimits
from consumers.receiving.receiver import ReceiveLimits, Receiver
from consumers.receiving.saving.checkpoint_policy import CheckpointPolicy
from consumers.receiving.saving.partition_progress import PartitionProgress
from consumers.receiving.storage_retry import ended_within
from consumers.running.clients import Clients
from consumers.settings import Settings
from table_api.consumer_state.progress import Progress
from table_api.storage.timestamp import now_utc
from telemetry.log import Log

STALLED_CLIENTS_MAX = 2
"""Clients in a row that got no event at all: then the platform is to restart the process."""
HUB_RETRY_S_MIN = 1.0
HUB_RETRY_S_MAX = 15.0
CALLBACK_EVENTS_MAX = 1_000
BUFFERED_BATCHES_MAX = 2
YOUNG_OBJECTS_MAX = 50_000
"""Objects made between two looks of the garbage collector. A batch makes some 100,000 that live
until it is durable; with Python's own 700 it was walked over and over, for about a tenth of the
process's CPU time."""
OLDER_LOOKS = 20

Result = TypeVar("Result")
_log = Log("consumers")


async def receive_on(
    clients: Clients,
    settings: Settings,
    handler: Handler,
    *,
    ended: asyncio.Event,
    until_idle_s: float | None,
) -> None:
    """One client after another until `ended`."""
    stalled = 0
    while not ended.is_set():
        state = await _hub_state(clients, ended)
        receiver = make_receiver(clients, settings, handler, state)
        limits = MonitorLimits(
            interval_s=settings.monitor_interval_s,
            stall_s=settings.stall_s,
            until_idle_s=until_idle_s,
        )
        monitor = Monitor(clients.hub, state.created_at, limits, now=now_utc)
        try:
            await _receive_watched(receiver, monitor, ended)
        except PartitionStalled as error:
            stalled = 1 if receiver.progressed else stalled + 1
            _log.error(Action.PARTITION_STALLED, f"{error}; making the client anew")
            if stalled > STALLED_CLIENTS_MAX:
                raise
        except HubRecreated as error:
            _log.error(Action.HUB_RECREATED, f"{error}; reading it from its first event")


async def _receive_watched(receiver: Receiver, monitor: Monitor, ended: asyncio.Event) -> None:
    def on_watch_done(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            receiver.fail(error)

    watching = asyncio.create_task(monitor.watch(receiver, ended))
    watching.add_done_callback(on_watch_done)
    try:
        await receiver.run(ended)
    finally:
        watching.cancel()
        await asyncio.wait({watching})


async def _hub_state(clients: Clients, ended: asyncio.Event) -> HubState:
    """The hub's state, waited for. GivenUp when `ended` is set before."""
    delay_s, was_down = HUB_RETRY_S_MIN, False
    while True:
        try:
            state = await clients.hub.state()
        except HubUnavailable as error:
            was_down = True
            _log.warning(Action.HUB_UNAVAILABLE, f"next try in {delay_s:.0f} s: {error}")
        else:
            if was_down:
                _log.info(Action.HUB_RECOVERED, "the hub answers")
            return state
        if await ended_within(ended, delay_s):
            raise GivenUp("waiting for the hub")
        delay_s = min(delay_s * 2, HUB_RETRY_S_MAX)


def _work_limits(settings: Settings) -> WorkLimits:
    return WorkLimits(
        batch_events_max=settings.batch_events_max,
        buffer_events_max=settings.batch_events_max * BUFFERED_BATCHES_MAX,
        linger_s=settings.linger_s,
        save=CheckpointPolicy(settings.checkpoint_interval_s),
        checkpoint=CheckpointPolicy(settings.blob_checkpoint_interval_s),
        dead_letters=DeadLetterLimit(
            window_events=settings.dead_letter_window_events,
            of_sender_max=settings.dead_letters_of_a_sender_max,
            percent_max=settings.dead_letter_percent_max,
            slowed_events_per_s=settings.dead_letter_slowed_events_per_s,
        ),
    )


def make_receiver(
    clients: Clients, settings: Settings, handler: Handler, state: HubState
) -> Receiver:
    """A receiver with a fresh client; its workers save through these clients."""
    limits = _work_limits(settings)

    def make_worker(partition: str) -> PartitionWorker:
        empty = Progress(
            hub=settings.eventhub_name,
            group=settings.consumer_group,
            partition=partition,
            hub_created_at=state.created_at,
            sequence_number=-1,
            enqueued_time=None,
            recorded_at=now_utc(),
            counts={},
            partitions=len(state.partitions),
        )
        return PartitionWorker(
            partition,
            handler=handler,
            progress=PartitionProgress(clients.progress, empty, now=now_utc),
            checkpoint=lambda event: clients.checkpoints.save(partition, event),
            limits=limits,
        )

    client = make_receiving_client(
        clients.hub.address,
        clients.checkpoints,
        load_balancing_interval_s=settings.load_balancing_interval_s,
        ownership_expiry_s=settings.ownership_expiry_s,
    )
    reading = ReceiveLimits(
        prefetch=settings.prefetch_events, callback_events_max=CALLBACK_EVENTS_MAX
    )
    return Receiver(client, make_worker, reading)


def set_for_batches() -> None:
    """Leave what is loaded by now out of every look, and look less often at what is new."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS_MAX, OLDER_LOOKS, OLDER_LOOKS)
