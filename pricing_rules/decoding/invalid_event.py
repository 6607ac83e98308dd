"""Why an event cannot be metered: the value that goes to the dead letters. Decides nothing."""

import traceback
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pricing_rules.errors import PricingError
from telemetry.log import redact


class InvalidCode(StrEnum):
    """What is wrong, for counting and for filtering dead letters."""

    TOO_LARGE = "too_large"
    NOT_UTF8 = "not_utf8"
    NOT_JSON = "not_json"
    """Cut, malformed or nested too deep."""
    MISSING_FIELD = "missing_field"
    """A required field is absent, null, blank or a placeholder such as "NA"."""
    WRONG_TYPE = "wrong_type"
    UNKNOWN_SPECVERSION = "unknown_specversion"
    UNKNOWN_TYPE = "unknown_type"
    """Another kind of event, or a version of ours that this consumer does not know."""
    UNKNOWN_OPERATION = "unknown_operation"
    OUT_OF_RANGE = "out_of_range"
    TOO_LONG = "too_long"
    BAD_CHARACTER = "bad_character"
    """A control character or half a surrogate pair where a key is made of the text."""
    BAD_TIME = "bad_time"
    """Not RFC 3339 in UTC."""
    FAR_PAST = "far_past"
    FAR_FUTURE = "far_future"
    BAD_USAGE = "bad_usage"
    """The usage contradicts itself or the rest of the event."""
    REFUSED_BY_STORAGE = "refused_by_storage"
    """Table Storage refuses the call's rows for ever: metering finds it, not the decoder."""
    BYTES_GONE = "bytes_gone"
    """Of a dead letter whose bytes storage has no more: a redrive finds it, not the decoder."""
    UNEXPECTED_ERROR = "unexpected_error"
    """The event made our code fail, or what is stored of its call did: see receiving.last_net."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidEvent:
    """An event that can never be metered as it is."""

    code: InvalidCode
    field: str
    """Path of the field (`data.status`); `body` when it is about the bytes as a whole."""
    value: str
    """What was found there, as printable text of at most SHOWN_CHARS_MAX characters."""
    message: str
    """Field, value and what was expected, for a person."""
    event_id: str | None
    """The call's id where one could be read."""

    @property
    def is_odd_usage(self) -> bool:
        """Whether only the usage is wrong, which the model reports: no sender is broken by it.

        An event that leaves the field out is another matter: its policy is not ours.
        """
        of_event = self.field == USAGE_FIELD or self.field.startswith(f"{USAGE_FIELD}.")
        of_log = self.field.endswith("tokens")  # the counts of a GatewayLlmLogs record
        return self.code is not InvalidCode.MISSING_FIELD and (of_event or of_log)


class InvalidField(PricingError):
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


USAGE_FIELD = "data.usage"
SHOWN_CHARS_MAX = 120
"""Characters of a found value in a message; a body may be 256 KB."""
SHOWN_BITS_MAX = 256
"""Of an integer; Python refuses to print one of over 4,300 digits."""
ERROR_CHARS_MAX = 300
"""Of what an error says, in the message of a dead letter."""


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT = _Absent()
"""As a found value: the field is not there at all."""


def shown(value: object) -> str:
    """`value` as short printable text: half surrogates and control characters come out escaped."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > SHOWN_BITS_MAX:
            text = f"an integer of {value.bit_length()} bits"
        case str():
            text = repr(value[:SHOWN_CHARS_MAX])
        case bytes():
            text = repr(value[:SHOWN_CHARS_MAX])[1:]
        case dict():
            text = f"an object of {len(value)} fields"
        case list():
            text = f"a list of {len(value)} items"
        case _:
            text = repr(value)
    return text if len(text) <= SHOWN_CHARS_MAX else f"{text[: SHOWN_CHARS_MAX - 1]}…"


def unexpected(error: Exception, event_id: str | None, *, quote: bool = True) -> InvalidEvent:
    """An error that nobody expected, as the reason of a dead letter.

    Without `quote` the error's own words are left out: they may repeat what it choked on.
    """
    message = f"{type(error).__name__} at {place_of(error)}"
    if quote:
        said = redact(str(error))
        message += f": {repr(said[:ERROR_CHARS_MAX])[1:-1]}"
    return InvalidEvent(
        code=InvalidCode.UNEXPECTED_ERROR,
        field="body",
        value=type(error).__name__,
        message=message,
        event_id=event_id,
    )


def place_of(error: Exception) -> str:
    """Where in the code it was raised: `cells.py:59 read_cell`."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "an unknown place"
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].name}"
