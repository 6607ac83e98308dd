"""Every error of the local stand-ins outside the broker."""


class LocalStackError(Exception):
    """A stand-in cannot do what was asked. The message says what was found and expected."""


class InvalidTrace(LocalStackError):
    """A recorded trace has a cell or a header that cannot be read."""


class SendFailed(LocalStackError):
    """The event hub did not accept an event within the allowed attempts, or never can."""
