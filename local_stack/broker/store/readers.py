"""Who may read a partition: Event Hubs' rules of epochs, per consumer group and partition."""

from typing import Protocol

from local_stack.broker.errors import AmqpError

READERS_WITHOUT_EPOCH_MAX = 5
LINK_STOLEN = "amqp:link:stolen"


class Reader(Protocol):
    """A receiver's link, as these rules see it."""

    @property
    def epoch(self) -> int | None:
        """None where the receiver set no owner level."""

    def refuse(self, condition: str, description: str) -> None:
        """Close the link with an error."""


class Readers:
    """The receivers of one partition in one consumer group."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []

    @property
    def epoch(self) -> int | None:
        """Of the receiver that excludes others; None without one."""
        return next((each.epoch for each in self._readers if each.epoch is not None), None)

    def admit(self, reader: Reader) -> None:
        """Let a receiver in; an equal or higher epoch closes the others, a lower one is refused."""
        held = self.epoch
        if reader.epoch is None:
            self._check_without_epoch(held)
            self._readers.append(reader)
            return
        if held is not None and reader.epoch < held:
            raise AmqpError(
                LINK_STOLEN,
                f"a receiver with a higher epoch ({held}) is connected than this one's "
                f"({reader.epoch})",
            )
        displaced, self._readers = self._readers, [reader]
        for other in displaced:
            other.refuse(
                LINK_STOLEN, f"a new receiver with epoch {reader.epoch} was created, this one ends"
            )

    def leave(self, reader: Reader) -> None:
        """Forget a receiver; one that was displaced already is not known any more."""
        self._readers = [each for each in self._readers if each is not reader]

    def _check_without_epoch(self, held: int | None) -> None:
        if held is not None:
            raise AmqpError(
                LINK_STOLEN,
                f"a receiver with epoch {held} is connected: one without an epoch cannot be",
            )
        if len(self._readers) >= READERS_WITHOUT_EPOCH_MAX:
            raise AmqpError(
                "amqp:resource-limit-exceeded",
                f"{len(self._readers)} receivers are connected to the partition in this consumer "
                f"group, at most {READERS_WITHOUT_EPOCH_MAX} without an epoch may be",
            )
