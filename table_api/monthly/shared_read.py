"""One read for all who ask for it at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

A = TypeVar("A")


class SharedRead(Generic[A]):
    """Runs of a read, one after another. Each run answers everybody who asked before it began, so
    nobody gets what was read before they asked. A run that fails answers only its own caller.
    """

    def __init__(self, read: Callable[[], Awaitable[A]]) -> None:
        self._read = read
        self._lock = asyncio.Lock()
        self._begun = 0
        self._last: tuple[int, A] | None = None
        """The number of the last run that did not fail, and what it read."""

    async def value(self) -> A:
        """What is read from now on. Raises what the read raises."""
        before = self._begun
        async with self._lock:
            if self._last is not None and self._last[0] > before:
                return self._last[1]
            self._begun += 1
            value = await self._read()
            self._last = self._begun, value
            return value
