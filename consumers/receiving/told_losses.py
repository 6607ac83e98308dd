"""Says in the log and in a metric that the hub's retention took events before they were read."""

from consumers.log_actions import Action
from consumers.receiving.losses import Loss
from telemetry.log import Log
from telemetry.metrics import CounterName, count

_log = Log("consumers")


def tell_loss(loss: Loss, partition: str) -> None:
    """To be called once for each event that is gone."""
    count(CounterName.LOST, loss.events, {"partition": partition})
    _log.error(
        Action.EVENTS_LOST,
        f"{loss.events} events were never delivered: the hub's retention took them",
        partition=partition,
        first_sequence_number=loss.first,
        last_sequence_number=loss.last,
    )
