"""Retries until storage and hub answer: nothing is skipped, and the log says so once a minute."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from consumers.errors import GivenUp, HubUnavailable
from consumers.log_actions import Action
from table_api.errors import Contended, Retryable
from telemetry.log import Log
from telemetry.metrics import CounterName, count

RETRY_DELAY_S_MIN = 0.2
RETRY_DELAY_S_MAX = 10.0
SAID_AGAIN_S = 60.0

Result = TypeVar("Result")
_log = Log("consumers")


@dataclass(frozen=True, slots=True)
class _Cause:
    """What work waits for: how the log says so, how it says that it is over, what is counted."""

    waits: Action
    over: Action
    failures: CounterName


_STORAGE = _Cause(
    Action.STORAGE_UNAVAILABLE, Action.STORAGE_RECOVERED, CounterName.STORAGE_FAILURES
)
_HUB = _Cause(Action.HUB_UNAVAILABLE, Action.HUB_RECOVERED, CounterName.HUB_FAILURES)
_OTHER_WRITERS = _Cause(Action.CONTENDED, Action.CONTENTION_OVER, CounterName.CONTENTIONS)


async def until_answered(
    attempt: Callable[[], Awaitable[Result]], *, what: str, partition: str, ended: asyncio.Event
) -> Result:
    """The result of the first try that goes through. GivenUp when `ended` is set before."""
    delay_s, failed_at = RETRY_DELAY_S_MIN, 0.0
    said_at: dict[_Cause, float] = {}
    while True:
        try:
            result = await attempt()
        except (Retryable, HubUnavailable) as error:
            cause, now = _cause_of(error), time.monotonic()
            failed_at = failed_at or now
            count(cause.failures, 1, {"partition": partition})
            if cause not in said_at or now - said_at[cause] >= SAID_AGAIN_S:
                said_at[cause] = now
                _log.warning(cause.waits, f"{what} is retried: {error}", partition=partition)
        else:
            for cause in said_at:
                waited_s = round(time.monotonic() - failed_at)
                message = f"{what} went through after {waited_s} s"
                _log.info(cause.over, message, partition=partition)
            return result
        if await ended_within(ended, delay_s):
            raise GivenUp(what)
        delay_s = min(delay_s * 2, RETRY_DELAY_S_MAX)


def _cause_of(error: Retryable | HubUnavailable) -> _Cause:
    if isinstance(error, HubUnavailable):
        return _HUB
    return _OTHER_WRITERS if isinstance(error, Contended) else _STORAGE


async def ended_within(ended: asyncio.Event, seconds: float) -> bool:
    """Wait for `ended`, but no longer than `seconds`; whether it is set by then."""
    try:
        async with asyncio.timeout(seconds):
            await ended.wait()
    except TimeoutError:
        return ended.is_set()
    return True
