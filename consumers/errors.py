"""Every error that the consumers raise. What ends as a dead letter is a value, InvalidEvent."""

from consumers.invalid_event import InvalidCode, InvalidEvent, shown


class ConsumersError(Exception):
    """A consumer cannot go on. The message says what was found and what was expected."""


class InvalidField(ConsumersError):
    """A field of an event holds something that it must not. The decoder turns it into a value."""

    def __init__(self, code: InvalidCode, field: str, value: object, expected: str) -> None:
        super().__init__(f"{field} is {shown(value)}, expected {expected}")
        self.code = code
        self.field = field
        self.value = value

    def invalid_event(self, event_id: str | None) -> InvalidEvent:
        return InvalidEvent(
            code=self.code,
            field=self.field,
            value=shown(self.value),
            message=str(self),
            event_id=event_id,
        )


class LetterGone(ConsumersError):
    """The bytes of a dead letter are not there (its retention may have passed)."""


class SettingsError(ConsumersError):
    """A setting is missing or cannot be used; the message names its variable."""


class HubUnavailable(ConsumersError):
    """The event hub gave no usable answer."""


class HubRecreated(ConsumersError):
    """The hub was made anew: its sequence numbers start again, old positions mean nothing."""


class PartitionStalled(ConsumersError):
    """Events wait in a partition that this process owns and none arrives."""


class TooManyDeadLetters(ConsumersError):
    """So much cannot be rated that something else is wrong: a person has to look."""


class GivenUp(ConsumersError):
    """The process ends before storage answered: what was tried comes again after a restart."""


class GroupUnreachable(ConsumersError):
    """The consumer group gives no event although there are some."""


class RerateRefused(ConsumersError):
    """A re-rating run cannot be staged as asked, or its files are not what they were."""


class ReplayRefused(ConsumersError):
    """A replay cannot be done as asked; the message says what was found."""
