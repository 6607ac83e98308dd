"""The open dead letters: which events could not be read or rated, and why. Not their bytes."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from table_api.consumer_state.dead_letters import DeadLetter
from table_api.http_api.conventions.models import Answer
from table_api.http_api.conventions.queries import LIMIT_DEFAULT, Limit


class DeadLettersQuery(BaseModel):
    """How many of each hub."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Limit = Field(LIMIT_DEFAULT, description="Letters of each hub at most.")


class DeadLetterRow(Answer):
    """One event that waits for somebody to look at it."""

    id: str
    hub: str
    partition: str
    sequence_number: int
    enqueued_time: datetime
    recorded_at: datetime
    reason: str
    field: str
    message: str
    event_id: str | None
    body_bytes: int


class DeadLetters(Answer):
    """The open dead letters of both hubs, by hub, partition and sequence number."""

    complete: bool
    data: list[DeadLetterRow]


def letter_row(letter: DeadLetter) -> DeadLetterRow:
    return DeadLetterRow(
        id=letter.id,
        hub=letter.hub,
        partition=letter.partition,
        sequence_number=letter.sequence_number,
        enqueued_time=letter.enqueued_time,
        recorded_at=letter.recorded_at,
        reason=letter.reason,
        field=letter.field,
        message=letter.message,
        event_id=letter.event_id,
        body_bytes=letter.body_bytes,
    )
