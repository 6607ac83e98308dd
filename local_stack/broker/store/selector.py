"""Where a receiver starts: the `apache.org:selector-filter:string` of Event Hubs, parsed."""

import re
from dataclasses import dataclass
from enum import StrEnum

from local_stack.broker.errors import AmqpError

SELECTOR_FILTER = "apache.org:selector-filter:string"

_EXPRESSION = re.compile(
    r"amqp\.annotation\.x-opt-(offset|sequence-number|enqueued-time)\s*(>=?)\s*'?(@latest|-?\d+)'?"
)


class StartField(StrEnum):
    """The annotation a start position is compared with."""

    OFFSET = "offset"
    SEQUENCE_NUMBER = "sequence-number"
    ENQUEUED_TIME = "enqueued-time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A start position: events whose field is greater than (or, inclusive, equal to) the value."""

    field: StartField
    value: int | None
    """Milliseconds for an enqueued time; None is the end of the partition when attached."""
    inclusive: bool


FROM_BEGINNING = Start(field=StartField.OFFSET, value=-1, inclusive=False)


def parse_selector(expression: str) -> Start:
    """One comparison, the only form Event Hubs takes."""
    found = _EXPRESSION.fullmatch(expression.strip())
    if found is None:
        raise AmqpError(
            "com.microsoft:argument-error",
            f"the selector {expression!r} is no comparison of x-opt-offset, x-opt-sequence-number "
            "or x-opt-enqueued-time with a number or '@latest'",
        )
    name, operator, value = found.groups()
    return Start(
        field=StartField(name),
        value=None if value == "@latest" else int(value),
        inclusive=operator == ">=",
    )
