"""Every error that the consumers raise. What ends as a dead letter is a value, InvalidEvent."""


class ConsumersError(Exception):
    """A consumer cannot go on. The message says what was found and what was expected."""


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
    """So much cannot be read that something else is wrong: a person has to look."""


class GivenUp(ConsumersError):
    """The process ends before storage answered: what was tried comes again after a restart."""


class GroupUnreachable(ConsumersError):
    """The consumer group gives no event although there are some."""


class RerateRefused(ConsumersError):
    """A re-rating run cannot be staged as asked, or its files are not what they were."""


class TakeOutRefused(ConsumersError):
    """A call cannot be taken out of a place as asked; the message says what was found."""


class ReplayRefused(ConsumersError):
    """A replay cannot be done as asked; the message says what was found."""


class UnreadableCalls(ConsumersError):
    """A file of calls cannot be read, or a line of it is no JSON."""
