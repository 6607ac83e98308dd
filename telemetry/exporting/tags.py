"""Texts that Application Insights bounds: SessionId and UserId.

A longer one is shortened by us, to the same text each time, so that two of them are not taken for
one and a reader can ask for it.
"""

import hashlib

SESSION_CHARS_MAX = 64
USER_CHARS_MAX = 128
_DIGEST_CHARS = 32


def session_tag(session: str) -> str:
    """SessionId of a session."""
    return _short(session, SESSION_CHARS_MAX)


def user_tag(user: str) -> str:
    """UserId of a subject that is sent under its own name."""
    return _short(user, USER_CHARS_MAX)


def _short(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST_CHARS]
    return f"{text[: most - 1 - _DIGEST_CHARS]}~{digest}"
