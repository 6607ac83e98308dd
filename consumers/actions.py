"""The `action` of every log line of the consumers; docs/consumer.md says what to do about each."""

from enum import StrEnum


class Action(StrEnum):
    """Stable names: alerts and runbooks use them."""

    STARTED = "started"
    READY = "ready"
    """Partitions are claimed for the first time."""
    PARTITION_CLAIMED = "partition_claimed"
    PARTITION_CLOSED = "partition_closed"
    PARTITION_ERROR = "partition_error"
    BALANCING_ERROR = "balancing_error"
    CHECKPOINT_STALE = "checkpoint_stale"
    """A checkpoint of the hub's former life is passed over."""
    HUB_UNAVAILABLE = "hub_unavailable"
    HUB_RECOVERED = "hub_recovered"
    HUB_RECREATED = "hub_recreated"
    STORAGE_UNAVAILABLE = "storage_unavailable"
    STORAGE_RECOVERED = "storage_recovered"
    OWNER_AHEAD = "owner_ahead"
    """Another owner has saved a later position: ours is not written."""
    DEAD_LETTERED = "dead_lettered"
    TOO_MANY_DEAD_LETTERS = "too_many_dead_letters"
    PARTITION_STALLED = "partition_stalled"
    DRAIN_INCOMPLETE = "drain_incomplete"
    """Stopped before all that was taken was durable: it comes again."""
    IDLE = "idle"
    STOPPED = "stopped"
    FAILED = "failed"
    LETTER_REDRIVEN = "letter_redriven"
    LETTER_STILL_OPEN = "letter_still_open"
