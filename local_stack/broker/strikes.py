"""Faults that happen at once: what each does to links, connections and hubs."""

from collections.abc import Iterator, Set

from local_stack.broker.errors import AmqpError, UnknownTargetError
from local_stack.broker.faults.faults import (
    NOWHERE,
    Close,
    Detach,
    Drop,
    FaultTarget,
    Gap,
    Recreate,
    Scope,
    Steal,
    Strike,
    Trim,
)
from local_stack.broker.serving.connection import Connection
from local_stack.broker.serving.links import Link
from local_stack.broker.serving.namespace import Namespace
from local_stack.broker.store.hubs import Hub
from local_stack.broker.store.partition_log import PartitionLog
from local_stack.broker.store.readers import Readers


class Thief:
    """A receiver with an epoch that reads nothing."""

    def __init__(self, epoch: int) -> None:
        self.epoch: int | None = epoch

    def refuse(self, condition: str, description: str) -> None:
        """Nobody is there to be told."""


class Strikes:
    """Carries strikes out, and remembers the thieves until they are sent away."""

    def __init__(self, namespace: Namespace, connections: Set[Connection]) -> None:
        self._namespace = namespace
        self._connections = connections
        self._thieves: list[tuple[Readers, Thief]] = []

    def strike(self, fault: Strike) -> int:
        """How many links, connections, partitions or events it hit."""
        match fault:
            case Detach():
                return self._detach(fault)
            case Close() | Drop():
                return self._end_connections(fault)
            case Steal():
                return self._steal(fault)
            case Recreate():
                return self._recreate(fault)
            case Trim() | Gap():
                return self._change_logs(fault)

    def clear(self) -> None:
        """Send the thieves away."""
        for readers, thief in self._thieves:
            readers.leave(thief)
        self._thieves.clear()

    def _links(self, scope: Scope) -> Iterator[Link]:
        for connection in tuple(self._connections):
            for link in tuple(connection.links()):
                if link.place.role and not link.detached and scope.covers(link.place):
                    yield link

    def connections(self, scope: Scope) -> list[Connection]:
        """Those with a link in the scope; all where the scope is everywhere."""
        everywhere = scope.covers(NOWHERE)
        return [
            connection
            for connection in self._connections
            if everywhere or any(scope.covers(link.place) for link in connection.links())
        ]

    def _detach(self, fault: Detach) -> int:
        links = list(self._links(fault))
        for link in links:
            link.refuse(fault.condition, fault.description)
        return len(links)

    def _end_connections(self, fault: Close | Drop) -> int:
        connections = self.connections(fault)
        if isinstance(fault, Drop):
            connections = connections[: fault.count]
        for connection in connections:
            if isinstance(fault, Close):
                connection.close(AmqpError(fault.condition, fault.description))
            else:
                connection.reset()
        return len(connections)

    def _steal(self, fault: Steal) -> int:
        places = [
            hub.readers(group, index)
            for hub in self._hubs(fault)
            for group in hub.groups.values()
            for index in range(len(hub.partitions))
            if fault.covers(FaultTarget(hub=hub.name, partition=str(index), group=group))
        ]
        for readers in places:
            held = -1 if readers.epoch is None else readers.epoch
            thief = Thief(held + 1 if fault.epoch is None else fault.epoch)
            readers.admit(thief)
            self._thieves.append((readers, thief))
        return len(places)

    def _recreate(self, fault: Recreate) -> int:
        hubs = self._hubs(fault)
        for hub in hubs:
            gone = Detach(
                hub=hub.name,
                condition="amqp:not-found",
                description=f"hub {hub.name} was deleted and made anew",
            )
            self._detach(gone)
            hub.recreate(self._namespace.clock())
        return len(hubs)

    def _change_logs(self, fault: Trim | Gap) -> int:
        hit = 0
        for log in self._logs(fault):
            if isinstance(fault, Gap):
                log.skip_sequence_numbers(fault.count)
                hit += 1
                continue
            first = log.first_position
            log.trim(log.next_sequence_number if fault.before is None else fault.before)
            hit += log.first_position - first
        return hit

    def _hubs(self, scope: Scope) -> list[Hub]:
        hubs = [hub for hub in self._namespace.hubs.values() if scope.hub in (None, hub.name)]
        if not hubs:
            raise UnknownTargetError(f"no hub is named {scope.hub!r}")
        return hubs

    def _logs(self, scope: Scope) -> list[PartitionLog]:
        return [
            log
            for hub in self._hubs(scope)
            for index, log in enumerate(hub.partitions)
            if scope.covers(FaultTarget(hub=hub.name, partition=str(index)))
        ]
