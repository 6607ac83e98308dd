"""Waiting for what another process or a server will show: nothing there can be awaited."""

import asyncio
from collections.abc import Awaitable, Callable

LOOK_EVERY_S = 0.05


async def until(condition: Callable[[], Awaitable[bool]], *, within_s: float = 30) -> None:
    """Look until the condition holds. TimeoutError when it does not in time."""
    async with asyncio.timeout(within_s):
        while not await condition():  # noqa: ASYNC110
            await asyncio.sleep(LOOK_EVERY_S)
