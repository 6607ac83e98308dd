"""Why an event cannot be metered: the value that goes to the dead letters. Decides nothing."""

from dataclasses import dataclass
from enum import StrEnum

from consumers.errors import ConsumersError


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


SHOWN_CHARS_MAX = 120
"""Characters of a found value in a message; a body may be 256 KB."""
SHOWN_BITS_MAX = 256
"""Of an integer; Python refuses to print one of over 4,300 digits."""


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
