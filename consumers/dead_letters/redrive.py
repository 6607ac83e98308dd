"""Redrives dead letters: through the same paths as events, with their own times."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from consumers.dead_letters.letter_store import DeadLetters, Letter
from consumers.errors import LetterGone
from consumers.log_actions import Action
from consumers.receiving.handler import Received
from consumers.receiving.last_net import OF_NO_ITEM
from pricing_rules.decoding.invalid_event import InvalidCode, InvalidEvent, unexpected
from table_api.consumer_state.dead_letters import DeadLetter, LetterState
from telemetry.log import Log

NO_OFFSET = ""
"""A dead letter keeps no offset: nothing is checkpointed from it."""
RedrivePath = Callable[[str, Received], Awaitable[str | Letter]]
"""One path that a redriven event takes: partition, event → its outcome, or its new letter."""
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


async def redrive(
    letters: DeadLetters, paths: Sequence[RedrivePath], entry: DeadLetter
) -> DeadLetter:
    """One letter; its entry afterwards: redriven with the first path's outcome, or open with its
    new reason.

    Safe to repeat: every path is idempotent, and the entry is written after the last.
    """
    try:
        body = await letters.body(entry.id)
    except LetterGone:
        after = _still_open(entry, _gone(entry))
        await letters.replace(after)
        return after
    received = Received(entry.sequence_number, NO_OFFSET, entry.enqueued_time, body)
    outcomes: list[str] = []
    for path in paths:
        outcome = await _taken(path, entry, received)
        if not isinstance(outcome, str):
            after = _still_open(entry, outcome)
            break
        outcomes.append(outcome)
    else:
        after = replace(entry, state=LetterState.REDRIVEN, outcome=outcomes[0])
        _log.info(Action.LETTER_REDRIVEN, outcomes[0], id=entry.id, reason=entry.reason)
    await letters.replace(after)
    return after


async def _taken(
    path: RedrivePath, entry: DeadLetter, received: Received
) -> str | DeadLetter | InvalidEvent:
    """The outcome, or why the letter stays open. A letter that still fails stops no other."""
    try:
        outcome = await path(entry.partition, received)
    except OF_NO_ITEM:
        raise
    except Exception as error:
        return unexpected(error, entry.event_id)
    return outcome.entry if isinstance(outcome, Letter) else outcome


def _gone(entry: DeadLetter) -> InvalidEvent:
    """Why a letter without bytes stays open. Found again, it keeps what it said."""
    message = f"its {entry.body_bytes} bytes are gone; they were refused: {entry.reason}"
    if entry.message:
        message = f"{message}, {entry.message}"
    return InvalidEvent(
        code=InvalidCode.BYTES_GONE,
        field="body",
        value="",
        message=entry.message if entry.reason == InvalidCode.BYTES_GONE else message,
        event_id=entry.event_id,
    )


def _still_open(entry: DeadLetter, found: DeadLetter | InvalidEvent) -> DeadLetter:
    reason = found.reason if isinstance(found, DeadLetter) else found.code.value
    _log.warning(Action.LETTER_STILL_OPEN, found.message, id=entry.id, reason=reason)
    return replace(
        entry,
        reason=reason,
        field=found.field,
        value=found.value,
        message=found.message,
        event_id=found.event_id,
    )
