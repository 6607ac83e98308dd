"""One connection to a server: a request at a time, and its answer."""

import asyncio
from collections.abc import Sequence
from typing import cast

from table_api.storage.direct.answers import Answer, AnswerReader, BadAnswer


class Connection(asyncio.Protocol):
    """Made by the event loop's `create_connection`."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[Answer] | None = None
        self._reader = AnswerReader()
        self.idle_since = self._loop.time()
        """By the event loop's clock."""
        self.idle_s_max = 0

    @property
    def is_open(self) -> bool:
        """Whether another request may be sent."""
        return self.transport is not None and not self.transport.is_closing()

    async def ask(
        self, request: Sequence[bytes], *, seconds: float, tunnel: bool = False
    ) -> Answer:
        """Send a request and wait for the whole answer. OSError when there is none
        (TimeoutError and BadAnswer are some): what the server did is not known then, and the
        connection is closed.
        """
        if self.transport is None or self._waiter is not None:
            raise ConnectionError("the connection is closed or in use")
        waiter: asyncio.Future[Answer] = self._loop.create_future()
        self._waiter = waiter
        self._reader = AnswerReader(tunnel=tunnel)
        timer = self._loop.call_later(seconds, self._late, seconds)
        try:
            self.transport.writelines(request)
            answer = await waiter
        except BaseException:  # also when the task is cancelled: an answer would be another's
            self.close()
            raise
        finally:
            timer.cancel()
            self._waiter = None
        # An answer before the request was sent whole is a refusal of it.
        if answer.closes or self.transport is None or self.transport.get_write_buffer_size():
            self.close()
        return answer

    def close(self) -> None:
        """At once: nothing that is still to be sent matters."""
        if self.transport is not None:
            self.transport.abort()
            self.transport = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self.transport = cast(asyncio.Transport, transport)  # by TCP or TLS, which can do both

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._waiter is None or self._waiter.done():
            self.close()  # nobody asked
            return
        try:
            answer = self._reader.feed(data)
        except BadAnswer as bad:
            self._waiter.set_exception(bad)
            return
        if answer is not None:
            self._waiter.set_result(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.transport = None
        if self._waiter is not None and not self._waiter.done():
            lost = ConnectionResetError("the server closed the connection without a whole answer")
            lost.__cause__ = exc
            self._waiter.set_exception(lost)

    def _late(self, seconds: float) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError(f"no whole answer in {seconds:g} s"))
