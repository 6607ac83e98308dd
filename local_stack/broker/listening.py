"""A broker at work: its listeners, its admin port and its retention, until a block ends."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from local_stack.broker.admin import Admin
from local_stack.broker.broker import Broker
from local_stack.broker.config import BrokerConfig
from local_stack.broker.errors import PortTakenError
from local_stack.broker.serving.connection import Connection
from local_stack.broker.serving.namespace import Namespace
from local_stack.broker.store import data_directory

EXPIRE_EVERY_S = 60.0
"""How often retention is applied to hubs nobody touches."""

CONNECTIONS_WAITING_MAX = 128
"""Connections the listener keeps until they are accepted."""


def utc_now() -> datetime:
    """The clock of a broker that is given no other."""
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


@asynccontextmanager
async def running_broker(
    *,
    config: BrokerConfig,
    data: Path | None = None,
    port: int = 0,
    tls: TlsFiles | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Broker]:
    """A broker on loopback for a test; without a directory it forgets all at its end."""
    listen = Listen(port=port, admin_port=0, tls_port=0, tls=tls)
    async with listening_broker(config=config, data=data, listen=listen, clock=clock) as broker:
        yield broker


@asynccontextmanager
async def listening_broker(
    *,
    config: BrokerConfig,
    data: Path | None,
    listen: Listen,
    clock: Callable[[], datetime] = utc_now,
) -> AsyncIterator[Broker]:
    """A broker that serves until the block ends, then flushes its journals."""
    with data_directory.held(data):
        broker = Broker(Namespace.load(config, data=data, clock=clock))
        try:
            async with _serving(broker, listen):
                yield broker
        finally:
            broker.namespace.close()


@asynccontextmanager
async def _serving(broker: Broker, listen: Listen) -> AsyncIterator[None]:
    servers = [await _listener(broker, listen.host, listen.port, context=None)]
    broker.port = _bound_port(servers[0])
    expiry = asyncio.create_task(_expire_for_ever(broker))
    try:
        if listen.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(listen.tls.certificate, listen.tls.key)
            servers.append(await _listener(broker, listen.host, listen.tls_port, context=context))
            broker.tls_port = _bound_port(servers[1])
        async with Admin(broker).serving(listen.admin_port) as broker.admin_port:
            yield
    finally:
        for server in servers:
            server.close()
        for connection in tuple(broker.connections):
            connection.close()
        expiry.cancel()
        with suppress(asyncio.CancelledError):
            await expiry


async def _listener(
    broker: Broker, host: str, port: int, *, context: ssl.SSLContext | None
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    try:
        return await loop.create_server(
            lambda: Connection(broker.namespace, broker.connections),
            host,
            port,
            ssl=context,
            backlog=CONNECTIONS_WAITING_MAX,
        )
    except OSError as error:
        raise PortTakenError(f"cannot listen on {host}:{port}: {error}") from error


async def _expire_for_ever(broker: Broker) -> None:
    while True:
        await asyncio.sleep(EXPIRE_EVERY_S)
        broker.hubs()


def _bound_port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
