"""Dead letters replayed: each through the path of live traffic, and marked when it was rated."""

import asyncio
from collections.abc import Callable

from consumers.dead_letters.letter_store import DeadLetters
from consumers.dead_letters.redrive import NO_OFFSET, RedrivePath, redrive
from consumers.errors import LetterGone
from consumers.metering.metering import Metering, metering_path
from consumers.receiving.handler import Received
from consumers.receiving.last_net import OF_NO_ITEM
from consumers.replay.replay import Tally
from consumers.replay.source import Period
from table_api.consumer_state.dead_letters import DeadLetter, LetterState
from table_api.consumer_state.progress import Count


async def replay_letters(
    letters: DeadLetters,
    metering: Metering,
    chosen: list[DeadLetter],
    *,
    pairing: RedrivePath | None,
    ended: asyncio.Event,
    progressed: Callable[[Tally], None],
) -> Tally:
    """What became of each; without `pairing` a dry run: what would become of it by metering.

    Those that are done are marked: again goes on. Pairing must know what metering posts, too: else
    the log's half would be posted beside it.
    """
    tally = Tally()
    for entry in chosen:
        if ended.is_set():
            tally.complete = False
            break
        if pairing is None:
            tally.counts.update(await _would_be(letters, metering, entry))
        else:
            after = await redrive(letters, [metering_path(metering), pairing], entry)
            redriven = after.state is LetterState.REDRIVEN
            tally.counts[str(after.outcome) if redriven else "dead_lettered"] += 1
        tally.events += 1
        progressed(tally)
    return tally


async def _would_be(letters: DeadLetters, metering: Metering, entry: DeadLetter) -> list[str]:
    """What live traffic would count."""
    try:
        body = await letters.body(entry.id)
    except LetterGone:
        return [Count.DEAD_LETTERED.value]
    received = Received(entry.sequence_number, NO_OFFSET, entry.enqueued_time, body)
    try:
        durable = await metering.prepare(entry.partition, [received])()
    except OF_NO_ITEM:
        raise
    except Exception as error:
        durable = await metering.set_aside(entry.partition, received, error)()
    return [count.value for count in durable.counts[0]]


async def open_letters(letters: DeadLetters, period: Period) -> list[DeadLetter]:
    """Listed before the first is redriven, which changes what a listing reads."""
    return [
        entry
        async for entry in letters.all()
        if entry.state is LetterState.OPEN and entry.enqueued_time in period
    ]
