"""Dead letters once more through the very same path: decode, rate, post, with their own times."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from consumers.actions import Action
from consumers.dead_letters import DeadLetters
from consumers.errors import LetterGone
from consumers.metering import Metering
from consumers.received import Received
from table_api.dead_letters import DeadLetter, LetterState
from table_api.progress import Count
from telemetry.log import Log

NO_OFFSET = ""
"""A dead letter keeps no offset: nothing is checkpointed from it."""
_log = Log("consumers")


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which letters; None is every open one."""

    reason: str | None = None
    letter_id: str | None = None


async def selected(
    letters: DeadLetters, selection: Selection, *, only_open: bool
) -> AsyncIterator[DeadLetter]:
    """The chosen letters, by partition and sequence number."""
    if selection.letter_id is not None:
        entry = await letters.get(selection.letter_id)
        if entry is None:
            raise LetterGone(f"there is no dead letter {selection.letter_id!r}")
        yield entry
        return
    async for entry in letters.all():
        right_reason = selection.reason is None or entry.reason == selection.reason
        if right_reason and not (only_open and entry.state is not LetterState.OPEN):
            yield entry


async def redrive(letters: DeadLetters, metering: Metering, entry: DeadLetter) -> DeadLetter:
    """One letter; its entry afterwards: redriven with its outcome, or open with its new reason.

    Safe to repeat: posting is idempotent, and the entry is written after it.
    """
    received = Received(
        entry.sequence_number, NO_OFFSET, entry.enqueued_time, await letters.body(entry.id)
    )
    metered = metering.meter(entry.partition, [received])
    [counts] = await metering.make_durable(entry.partition, [received], metered)
    if counts[0] is Count.DEAD_LETTERED:
        found = (metered.letters + metered.refused)[0].entry
        after = replace(
            entry,
            reason=found.reason,
            field=found.field,
            value=found.value,
            message=found.message,
            event_id=found.event_id,
        )
        _log.warning(Action.LETTER_STILL_OPEN, found.message, id=entry.id, reason=found.reason)
    else:
        outcome = counts[0].value
        after = replace(entry, state=LetterState.REDRIVEN, outcome=outcome)
        _log.info(Action.LETTER_REDRIVEN, outcome, id=entry.id, reason=entry.reason)
    await letters.replace(after)
    return after
