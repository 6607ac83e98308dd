"""Text of an event: what keys are made of, and what only informs. Pure."""

import unicodedata

from pricing_rules.decoding.invalid_event import InvalidCode, InvalidField

INFORMATION_CHARS_MAX = 256
"""A longer text that only informs is cut; a cut deployment has no alias, so it is never priced."""
_PLACEHOLDERS = frozenset({"", "-", "NA", "N/A"})
"""What careless policies write where they mean null."""


def identity(field: str, text: str, chars_max: int) -> str:
    """Text that keys are made of, in NFC: two spellings of one name are one subject."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        if any(unicodedata.category(character) == "Cc" for character in text):
            raise InvalidField(
                InvalidCode.BAD_CHARACTER, field, text, "text without control characters"
            )
    if len(text) > chars_max:
        raise InvalidField(InvalidCode.TOO_LONG, field, text, f"at most {chars_max} characters")
    if text.upper() in _PLACEHOLDERS or text.isspace():
        raise InvalidField(InvalidCode.MISSING_FIELD, field, text, "a value")
    return text


def information(text: str | None) -> str | None:
    """Text that no key is made of. Nothing in it refuses a call, since a caller chooses some of it
    (session, deployment): placeholders become None, control characters U+FFFD, excess is cut.
    """
    if text is None or text in _PLACEHOLDERS:
        return None
    if len(text) > INFORMATION_CHARS_MAX:
        text = text[:INFORMATION_CHARS_MAX]
    if text.isprintable():
        return text
    return "".join("\ufffd" if unicodedata.category(c) == "Cc" else c for c in text)
