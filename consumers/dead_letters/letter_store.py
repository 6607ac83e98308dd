"""Dead letters: the whole event, next to its index entry. The protocol, and its twin in memory.

`blob_letters` implements it in production; `table_api.consumer_state` owns the index rows.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from consumers.errors import LetterGone
from consumers.receiving.handler import DEAD_LETTERED, Durable, MakeDurable, Received, Sender
from pricing_rules.decoding.glimpse import glimpse
from pricing_rules.decoding.invalid_event import InvalidEvent, unexpected
from table_api.consumer_state.dead_letters import DeadLetter, content_hash
from telemetry.metrics import CounterName, count


@dataclass(frozen=True, slots=True)
class Letter:
    """An index entry and the body that it stands for."""

    entry: DeadLetter
    body: bytes


class DeadLetters(Protocol):
    """The dead letters of one hub. Any method may raise table_api.errors.Retryable."""

    async def add(self, letters: Sequence[Letter]) -> None:
        """Keep letters; one that stands stays as it is, whatever its state."""

    def all(self) -> AsyncIterator[DeadLetter]:
        """Every entry, by partition and sequence number."""

    async def get(self, letter_id: str) -> DeadLetter | None:
        """One entry."""

    async def body(self, letter_id: str) -> bytes:
        """The event's bytes, exactly as received. LetterGone when there are none."""

    async def replace(self, entry: DeadLetter) -> None:
        """Write what changed in a standing entry."""


class MemoryDeadLetters:
    """The twin of BlobDeadLetters."""

    def __init__(self) -> None:
        self._letters: dict[str, Letter] = {}

    async def add(self, letters: Sequence[Letter]) -> None:
        """See DeadLetters."""
        for letter in letters:
            self._letters.setdefault(letter.entry.id, letter)

    async def all(self) -> AsyncIterator[DeadLetter]:
        """See DeadLetters."""
        for _, letter in sorted(self._letters.items()):
            yield letter.entry

    async def get(self, letter_id: str) -> DeadLetter | None:
        """See DeadLetters."""
        letter = self._letters.get(letter_id)
        return None if letter is None else letter.entry

    async def body(self, letter_id: str) -> bytes:
        """See DeadLetters."""
        letter = self._letters.get(letter_id)
        if letter is None:
            raise LetterGone(letter_id)
        return letter.body

    async def replace(self, entry: DeadLetter) -> None:
        """See DeadLetters."""
        self._letters[entry.id] = Letter(entry, self._letters[entry.id].body)


def make_letter(
    hub: str, partition: str, received: Received, *, invalid: InvalidEvent, recorded_at: datetime
) -> Letter:
    """The dead letter of a received event."""
    entry = DeadLetter(
        hub=hub,
        partition=partition,
        sequence_number=received.sequence_number,
        content_hash=content_hash(received.body),
        enqueued_time=received.enqueued_time,
        recorded_at=recorded_at,
        reason=invalid.code.value,
        field=invalid.field,
        value=invalid.value,
        message=invalid.message,
        event_id=invalid.event_id,
        body_bytes=len(received.body),
    )
    return Letter(entry, received.body)


async def keep_letters(dead_letters: DeadLetters, letters: Sequence[Letter]) -> None:
    """Keep letters and count them. May raise table_api.errors.Retryable; retrying is safe."""
    if letters:
        await dead_letters.add(letters)
        for letter in letters:
            count(CounterName.DEAD_LETTERS, 1, {"reason": letter.entry.reason})


def letter_of_failure(
    hub: str, partition: str, received: Received, *, error: Exception, recorded_at: datetime
) -> tuple[Letter, Sender]:
    """The letter of a usage event that fails by itself, and whom the brake counts it for."""
    seen = glimpse(received.body)
    invalid = unexpected(error, seen.event_id)
    letter = make_letter(hub, partition, received, invalid=invalid, recorded_at=recorded_at)
    if seen.subject is None:
        return letter, Sender(seen.sender)
    return letter, Sender(seen.subject, is_subject=True)


def only_letter(dead_letters: DeadLetters, letter: Letter, sender: Sender) -> MakeDurable:
    """Makes one event durable as a dead letter and as nothing else."""

    async def make_durable() -> Durable:
        await keep_letters(dead_letters, [letter])
        return Durable([DEAD_LETTERED], [sender])

    return make_durable
