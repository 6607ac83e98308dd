"""Many requests: in parts, several at once in bounded numbers, and again after a random wait."""

import asyncio
import random
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

BACKOFF_S = 0.02
BACKOFF_S_MAX = 2.0


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in their order, in parts of at most `size`."""
    return (items[start : start + size] for start in range(0, len(items), size))


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
