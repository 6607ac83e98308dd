"""Pseudonyms of subjects: a keyed digest that nobody without the key can undo or make."""

import hashlib
import hmac
from functools import lru_cache

from telemetry.exporting.tags import user_tag

KEPT_MAX = 65_536
PSEUDONYM_CHARS = 32
"""128 bits of hex: no two of a billion subjects share one by chance."""

OF_KEY = "the key itself"
"""Not a subject, and not the id of a call."""


class Pseudonyms:
    """Names subjects and calls; without a key each is named as it is."""

    def __init__(self, key: str | None) -> None:
        self._key = None if key is None else key.encode()
        self._of_subject = lru_cache(KEPT_MAX)(self._digest)

    @property
    def hide(self) -> bool:
        """Whether there is a key."""
        return self._key is not None

    @property
    def digest(self) -> str:
        """Says whether two keys are the same one; empty without a key."""
        return self._digest(OF_KEY) if self.hide else ""

    def subject(self, subject: str) -> str:
        """UserId of a subject."""
        return self._of_subject(subject) if self.hide else user_tag(subject)

    def entry(self, opaque_id: str) -> str:
        """The name of a call: its opaque id holds its subject."""
        return self._digest(opaque_id)

    def _digest(self, text: str) -> str:
        if self._key is None:
            return text
        raw = text.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, raw, hashlib.sha256).hexdigest()[:PSEUDONYM_CHARS]
