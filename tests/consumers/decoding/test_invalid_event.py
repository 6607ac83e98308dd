"""consumers.decoding.invalid_event: found values as short printable text."""

from dataclasses import FrozenInstanceError

import pytest

from consumers.decoding.invalid_event import (
    ABSENT,
    SHOWN_BITS_MAX,
    SHOWN_CHARS_MAX,
    InvalidCode,
    InvalidEvent,
    shown,
)

WHOLE = "x" * (SHOWN_CHARS_MAX - 2)
"""With its quotation marks exactly as long as allowed."""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (ABSENT, "absent"),
        (True, "true"),
        (False, "false"),
        (-7, "-7"),
        (1.5, "1.5"),
        ("Zoë", "'Zoë'"),
        ("a\x00\ud800", r"'a\x00\ud800'"),
        (b"\xff{", r"'\xff{'"),
        ({"a": 1}, "an object of 1 fields"),
        ([1, 2], "a list of 2 items"),
        (WHOLE, f"'{WHOLE}'"),
        (WHOLE + "y", f"'{WHOLE}…"),
        ("x" * 100_000, f"'{WHOLE}…"),
        (2**SHOWN_BITS_MAX - 1, str(2**SHOWN_BITS_MAX - 1)),
        (2**SHOWN_BITS_MAX, f"an integer of {SHOWN_BITS_MAX + 1} bits"),
        (10**5000, "an integer of 16610 bits"),
    ],
    ids=lambda value: str(value)[:20] if isinstance(value, str | bytes) else type(value).__name__,
)
def test_value_is_shown_as_short_printable_text(value: object, text: str) -> None:
    assert shown(value) == text
    assert len(text) <= SHOWN_CHARS_MAX
    assert text.isprintable()


def test_invalid_event_is_a_value() -> None:
    event = InvalidEvent(
        code=InvalidCode.NOT_JSON, field="body", value="", message="", event_id=None
    )
    with pytest.raises(FrozenInstanceError):
        event.field = "id"  # type: ignore[misc]  # assigning is what must fail
