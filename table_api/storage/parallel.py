"""Many requests: in parts, several at once in bounded numbers, and again after a random wait."""

import asyncio
import contextlib
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

ITEMS_A_TURN = 200
"""Of calls, each of which takes some ten microseconds."""
BACKOFF_S = 0.02
BACKOFF_S_MAX = 2.0


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, in parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


class Turns:
    """One holder of each key at a time, in the order in which they ask, and no more than a number
    of all keys at once. Who waits for a key takes no place of others.
    """

    def __init__(self, at_once_max: int) -> None:
        self._of_key: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._of_all = asyncio.Semaphore(at_once_max)

    @contextlib.asynccontextmanager
    async def turn(self, key: str) -> AsyncIterator[None]:
        """Hold a key."""
        async with self._of_key[key], self._of_all:
            yield


async def in_turns(items: Sequence[T]) -> AsyncIterator[Sequence[T]]:
    """The items in their order, in parts. Between two of them whatever is ready has its turn, such
    as an answer that the next request waits for.
    """
    for part in chunks(items, ITEMS_A_TURN):
        yield part
        await asyncio.sleep(0)


def backoff_s(attempt: int) -> float:
    """How long to wait after a failed try, from 0: up to 0.02 s, 0.04 s, 0.08 s … 2 s.

    The time is random, so that writers who raced once do not race again.
    """
    return random.uniform(0, min(BACKOFF_S * 2**attempt, BACKOFF_S_MAX))


async def all_of(work: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all at once. The first error ends the others and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            for item in work:
                group.create_task(item)
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from errors


async def at_most(number: int, work: Iterable[Coroutine[None, None, None]]) -> None:
    """Run all, never more than `number` at once. Errors are as those of `all_of`.

    `work` is lazy: each coroutine is made when its turn comes, and none after an error.
    """
    left = iter(work)

    async def worker() -> None:
        for item in left:
            await item

    await all_of(worker() for _ in range(number))
