"""A TCP proxy in front of Azurite that can be cut: storage that is down, without killing it."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from functools import partial

_PORTS = re.compile(r"(?P<host>http://127\.0\.0\.1:)(?P<port>\d+)")
CHUNK_BYTES_MAX = 65_536


class StorageProxy:
    """Forwards every service of a connection string until cut."""

    def __init__(self, connection_string: str) -> None:
        self.connection_string = connection_string
        self._is_cut = False
        self._writers: set[asyncio.StreamWriter] = set()

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, connection_string: str) -> AsyncIterator["StorageProxy"]:
        proxy = cls(connection_string)
        async with contextlib.AsyncExitStack() as stack:
            for match in _PORTS.finditer(connection_string):
                target = int(match["port"])
                serve = partial(proxy._serve, target)
                server = await asyncio.start_server(serve, "127.0.0.1", 0)
                stack.push_async_callback(server.wait_closed)
                stack.callback(server.close)
                port = server.sockets[0].getsockname()[1]
                proxy.connection_string = proxy.connection_string.replace(
                    f":{target}/", f":{port}/"
                )
            stack.push_async_callback(proxy.cut)
            yield proxy

    async def cut(self) -> None:
        """Reset every connection and every new one."""
        self._is_cut = True
        for writer in tuple(self._writers):
            writer.transport.abort()

    def mend(self) -> None:
        self._is_cut = False

    async def _serve(
        self, target: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        mine = {writer}
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", target)
            mine.add(up_writer)
            self._writers |= mine
            await asyncio.gather(_pump(reader, up_writer), _pump(up_reader, writer))
        finally:
            self._writers -= mine
            for open_writer in mine:
                open_writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(CHUNK_BYTES_MAX):
            writer.write(chunk)
            await writer.drain()
    writer.close()
