"""The last net: an error that nobody expected costs the one item that causes it, and no other.

Something stored may be damaged, or our code may have a fault. Either fails a whole batch, for ever,
unless the item is found that fails by itself.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import TypeVar

from consumers import errors as ours
from table_api import errors as of_tables

OF_NO_ITEM: tuple[type[Exception], ...] = (
    # to be tried again
    of_tables.Retryable,
    ours.HubUnavailable,
    # the process or the verb is to end
    ours.GivenUp,
    ours.PartitionStalled,
    ours.ReplayRefused,
    ours.TooManyDeadLetters,
    MemoryError,
    # the positions mean nothing any more
    ours.HubRecreated,
    # the process is set up wrongly
    ours.SettingsError,
    of_tables.SettingsError,
    of_tables.LedgerMismatch,
    of_tables.NoLedger,
)
"""Errors that say something of the process and nothing of an item: they go through the net."""

Item = TypeVar("Item")
Result = TypeVar("Result")


async def halved(
    items: Sequence[Item], work: Callable[[Sequence[Item]], Awaitable[Result]]
) -> AsyncIterator[tuple[Sequence[Item], Result | Exception]]:
    """Do the work in order, in as few parts as go through: each part with its result.

    A part that fails is halved until the item that fails is alone; that comes with its error. So
    doing a part of the work again has to be safe.
    """
    waiting = [items]
    while waiting:
        part = waiting.pop()
        try:
            result: Result | Exception = await work(part)
        except OF_NO_ITEM:
            raise
        except Exception as error:
            if len(part) > 1:
                middle = len(part) // 2
                waiting += [part[middle:], part[:middle]]
                continue
            result = error
        yield part, result
