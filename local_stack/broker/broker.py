"""A broker: its namespace behind listeners, and the handle tests hold it by."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from local_stack.broker.admin import Admin
from local_stack.broker.amqp.messages import event_of
from local_stack.broker.config import BrokerConfig
from local_stack.broker.errors import PortTakenError, UnknownTargetError
from local_stack.broker.faults.faults import BlackHole, Fault, Strike
from local_stack.broker.serving.connection import Connection
from local_stack.broker.serving.namespace import Namespace
from local_stack.broker.store import data_directory
from local_stack.broker.store.capture import Capture
from local_stack.broker.store.hubs import Hub
from local_stack.broker.store.partition_log import PartitionLog, StoredEvent
from local_stack.broker.strikes import Strikes

EXPIRE_EVERY_S = 60.0
"""How often retention is applied to hubs nobody touches."""

CONNECTIONS_WAITING_MAX = 128
"""Connections the listener keeps until they are accepted."""


def utc_now() -> datetime:
    """The clock of a broker that is told no other."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """PEM files of the TLS listener."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """Where a broker listens. Port 0 is a free one."""

    host: str = "127.0.0.1"
    port: int = 5672
    admin_port: int = 5300
    tls_port: int = 5671
    tls: TlsFiles | None = None
    """None is no TLS listener."""


class Broker:
    """A local Event Hubs namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.port = self.tls_port = self.admin_port = 0
        self._strikes = Strikes(namespace)
        self._capture = Capture()

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        *,
        config: BrokerConfig,
        data: Path | None = None,
        port: int = 0,
        tls: TlsFiles | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> AsyncIterator[Self]:
        """A broker on loopback for a test; without a directory it forgets all at its end."""
        listen = Listen(port=port, admin_port=0, tls_port=0, tls=tls)
        async with cls.listening(config=config, data=data, listen=listen, clock=clock) as broker:
            yield broker

    @classmethod
    @asynccontextmanager
    async def listening(
        cls,
        *,
        config: BrokerConfig,
        data: Path | None,
        listen: Listen,
        clock: Callable[[], datetime] = utc_now,
    ) -> AsyncIterator[Self]:
        """A broker that serves until the block ends, then flushes its journals."""
        with data_directory.held(data):
            broker = cls(Namespace.load(config, data=data, clock=clock))
            try:
                async with broker._serving(listen):
                    yield broker
            finally:
                broker.namespace.close()

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
        for connection in tuple(self.namespace.connections):
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

    @asynccontextmanager
    async def _serving(self, listen: Listen) -> AsyncIterator[None]:
        servers = [await self._listener(listen.host, listen.port, context=None)]
        self.port = _bound_port(servers[0])
        expiry = asyncio.create_task(self._expire_for_ever())
        try:
            if listen.tls is not None:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(listen.tls.certificate, listen.tls.key)
                servers.append(await self._listener(listen.host, listen.tls_port, context=context))
                self.tls_port = _bound_port(servers[1])
            async with Admin(self).serving(listen.admin_port) as self.admin_port:
                yield
        finally:
            for server in servers:
                server.close()
            for connection in tuple(self.namespace.connections):
                connection.close()
            expiry.cancel()
            with suppress(asyncio.CancelledError):
                await expiry

    async def _listener(
        self, host: str, port: int, *, context: ssl.SSLContext | None
    ) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        try:
            return await loop.create_server(
                lambda: Connection(self.namespace),
                host,
                port,
                ssl=context,
                backlog=CONNECTIONS_WAITING_MAX,
            )
        except OSError as error:
            raise PortTakenError(f"cannot listen on {host}:{port}: {error}") from error

    async def _expire_for_ever(self) -> None:
        while True:
            await asyncio.sleep(EXPIRE_EVERY_S)
            self.hubs()


def _bound_port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
