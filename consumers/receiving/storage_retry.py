"""Trying again until storage answers: nothing is skipped, and the log says so once a minute."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from consumers.errors import GivenUp, HubUnavailable
from consumers.log_actions import Action
from table_api.errors import Unavailable
from telemetry.log import Log
from telemetry.metrics import CounterName, count

RETRY_DELAY_S_MIN = 0.2
RETRY_DELAY_S_MAX = 10.0
SAID_AGAIN_S = 60.0

Result = TypeVar("Result")
_log = Log("consumers")


async def until_answered(
    attempt: Callable[[], Awaitable[Result]], *, what: str, partition: str, ended: asyncio.Event
) -> Result:
    """The result of the first answered try. GivenUp when `ended` is set before."""
    delay_s, failed_at, said_at = RETRY_DELAY_S_MIN, 0.0, 0.0
    while True:
        try:
            result = await attempt()
        except (Unavailable, HubUnavailable) as error:
            now = time.monotonic()
            failed_at = failed_at or now
            count(CounterName.STORAGE_FAILURES, 1, {"partition": partition})
            if not said_at or now - said_at >= SAID_AGAIN_S:
                said_at = now
                message = f"{what} waits for an answer: {error}"
                _log.warning(Action.STORAGE_UNAVAILABLE, message, partition=partition)
        else:
            if failed_at:
                waited_s = round(time.monotonic() - failed_at)
                message = f"{what} went through after {waited_s} s"
                _log.info(Action.STORAGE_RECOVERED, message, partition=partition)
            return result
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay_s):
                await ended.wait()
        if ended.is_set():
            raise GivenUp(what)
        delay_s = min(delay_s * 2, RETRY_DELAY_S_MAX)
