"""The handle of a broker: what a test or the admin port asks of its namespace."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from local_stack.broker.amqp.messages import event_of
from local_stack.broker.errors import UnknownTargetError
from local_stack.broker.faults.faults import BlackHole, Fault, Strike
from local_stack.broker.serving.connection import Connection
from local_stack.broker.serving.namespace import Namespace
from local_stack.broker.store.capture import Capture
from local_stack.broker.store.hubs import Hub
from local_stack.broker.store.partition_log import PartitionLog, StoredEvent
from local_stack.broker.strikes import Strikes


class Broker:
    """A local Event Hubs namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.connections: set[Connection] = set()
        self.port = self.tls_port = self.admin_port = 0
        """Those that are bound; 0 while none is."""
        self._strikes = Strikes(namespace, self.connections)
        self._capture = Capture()

    @property
    def connection_string(self) -> str:
        """For the emulator mode of the Azure clients: no TLS, any key."""
        return (
            f"Endpoint=sb://localhost:{self.port};SharedAccessKeyName=RootManageSharedAccessKey;"
            "SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;"
        )

    @property
    def admin_url(self) -> str:
        return f"http://127.0.0.1:{self.admin_port}"

    def append(
        self,
        hub: str,
        bodies: Sequence[bytes],
        *,
        partition: str | None = None,
        partition_key: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> str:
        """Store events past the wire, in one partition, whose id is returned."""
        found = self._hub(hub)
        events = [event_of(body, properties) for body in bodies]
        index = None if partition is None else self._partition_index(found, partition)
        used = found.append(
            events, enqueued_ms=self.namespace.now_ms(), partition=index, key=partition_key
        )
        self.namespace.stats.events_in += len(events)
        return str(used)

    def read(self, hub: str, partition: str, *, from_sequence_number: int = 0) -> list[StoredEvent]:
        """What a partition holds from a sequence number on."""
        return self.log(hub, partition).read(from_sequence_number)

    def capture(self, hub: str, directory: Path) -> list[Path]:
        """Write Capture files of what came since the last time, under a directory."""
        return self._capture.write(self._hub(hub), directory)

    def log(self, hub: str, partition: str) -> PartitionLog:
        """A partition's log."""
        found = self._hub(hub)
        self.namespace.expire(found)
        return found.partitions[self._partition_index(found, partition)]

    def inject(self, fault: Fault) -> int:
        """Make a fault: what it hit at once, 0 for one that waits."""
        if isinstance(fault, Strike):
            self.namespace.faults.struck[fault.name] += 1
            return self._strikes.strike(fault)
        self.namespace.faults.add(fault)
        if not isinstance(fault, BlackHole):
            return 0
        swallowed = self._strikes.connections(fault)
        for connection in swallowed:
            connection.silent = True
        return len(swallowed)

    def clear_faults(self) -> None:
        """Forget waiting faults, send thieves away, let what waited go on.

        A connection in a black hole has missed bytes, so it is reset.
        """
        self.namespace.faults.clear()
        self._strikes.clear()
        for connection in tuple(self.connections):
            if connection.silent:
                connection.reset()
            else:
                connection.pump()

    def hubs(self) -> list[Hub]:
        """Every hub, with its retention applied."""
        for hub in self.namespace.hubs.values():
            self.namespace.expire(hub)
        return list(self.namespace.hubs.values())

    def _hub(self, name: str) -> Hub:
        hub = self.namespace.hubs.get(name.lower())
        if hub is None:
            raise UnknownTargetError(f"no hub is named {name!r}: {sorted(self.namespace.hubs)} are")
        return hub

    def _partition_index(self, hub: Hub, partition: str) -> int:
        ids = [str(index) for index in range(len(hub.partitions))]
        if partition not in ids:
            raise UnknownTargetError(f"hub {hub.name} has no partition {partition!r}: {ids} are")
        return ids.index(partition)
