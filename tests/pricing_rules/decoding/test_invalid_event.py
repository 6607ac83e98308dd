"""pricing_rules.decoding.invalid_event: found values as short printable text."""

from dataclasses import FrozenInstanceError

import pytest

from pricing_rules.decoding.invalid_event import (
    ABSENT,
    SHOWN_BITS_MAX,
    SHOWN_CHARS_MAX,
    InvalidCode,
    InvalidEvent,
    shown,
    unexpected,
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


def raised(error: Exception) -> Exception:
    """The error with a place in the code."""
    try:
        raise error
    except type(error) as caught:
        return caught


def test_an_unexpected_error_is_named_with_its_place_and_no_secret() -> None:
    text = "AccountKey=c2VjcmV0 in \x1b[2J\ud800" + "x" * 1_000
    found = unexpected(raised(ValueError(text)), "an-id")
    assert (found.code, found.value, found.event_id) == ("unexpected_error", "ValueError", "an-id")
    assert found.message.startswith("ValueError at test_invalid_event.py:")
    assert "raised: AccountKey=[redacted] in \\x1b[2J\\ud800xxx" in found.message
    assert found.message.isprintable()
    assert len(found.message) < 400


def test_what_an_unexpected_error_quotes_may_be_left_out() -> None:
    found = unexpected(raised(ValueError("what somebody said")), None, quote=False)
    assert "said" not in found.message
    assert found.message.endswith(" raised")


@pytest.mark.parametrize(
    ("code", "field", "odd"),
    [
        (InvalidCode.BAD_USAGE, "data.usage.prompt_tokens", True),
        (InvalidCode.OUT_OF_RANGE, "data.usage", True),
        (InvalidCode.WRONG_TYPE, "data.usage", True),
        (InvalidCode.OUT_OF_RANGE, "records[3].properties.prompttokens", True),
        (InvalidCode.MISSING_FIELD, "data.usage", False),
        (InvalidCode.BAD_USAGE, "data.completed_from", False),
        (InvalidCode.BAD_USAGE, "records[0].properties.tracerecords[0].metadata.id", False),
        (InvalidCode.WRONG_TYPE, "data.usages", False),
        (InvalidCode.NOT_JSON, "body", False),
    ],
)
def test_odd_usage_is_what_a_model_reports_and_nothing_else(
    code: InvalidCode, field: str, odd: bool
) -> None:
    event = InvalidEvent(code=code, field=field, value="", message="", event_id=None)
    assert event.is_odd_usage == odd
