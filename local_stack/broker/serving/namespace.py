"""What all connections share: the hubs, the clock, the waiting faults and the counters."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local_stack.broker.config import BrokerConfig
from local_stack.broker.errors import AmqpError
from local_stack.broker.faults.fault_board import FaultBoard
from local_stack.broker.store.hubs import Hub

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class Stats:
    """Counts since the broker started."""

    connections: int = 0
    events_in: int = 0
    events_out: int = 0
    attaches_refused: int = 0


def milliseconds(time: datetime) -> int:
    """Since 1970 UTC, the unit of AMQP timestamps."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


@dataclass(slots=True)
class Namespace:
    """The hubs of one broker and what every connection needs to serve them."""

    config: BrokerConfig
    hubs: dict[str, Hub]
    clock: Callable[[], datetime]
    faults: FaultBoard = field(default_factory=FaultBoard)
    stats: Stats = field(default_factory=Stats)

    @classmethod
    def load(
        cls, config: BrokerConfig, *, data: Path | None, clock: Callable[[], datetime]
    ) -> "Namespace":
        """The hubs of a configuration, with what their journals hold."""
        hubs = {
            hub.name.lower(): Hub(
                hub, directory=data / hub.name if data is not None else None, now=clock()
            )
            for hub in config.hubs
        }
        return cls(config=config, hubs=hubs, clock=clock)

    def hub(self, name: str) -> Hub:
        """A hub by its name in any case."""
        hub = self.hubs.get(name.lower())
        if hub is None:
            raise AmqpError("amqp:not-found", f"the namespace has no event hub {name!r}")
        self.expire(hub)
        return hub

    def now_ms(self) -> int:
        """The enqueued time of an event stored now."""
        return milliseconds(self.clock()) + 1000 * self.faults.clock_shift_s

    def expire(self, hub: Hub) -> None:
        """Drop what is older than the retention by the true clock, whatever its shift."""
        before = milliseconds(self.clock() - self.config.retention)
        for log in hub.partitions:
            log.expire(before)

    def close(self) -> None:
        for hub in self.hubs.values():
            hub.close()
