"""One JSON object of a diagnostics record, read by field names in any case. Pure.

Azure spells the same field `promptTokens`, `PromptTokens` and `promptTokens_d`, and numbers as
numbers or as text. Absent, null, blank and "-" are one: None.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import cast

import msgspec

from pricing_rules.decoding.invalid_event import ABSENT, InvalidCode, InvalidField
from pricing_rules.provider_usage.unread import UNREAD_MAX, leaves

NUMBER_MAX = 10**9
"""Tokens, milliseconds or a status: a larger one is a broken record."""
NAME_CHARS_MAX = 64
TEXT_CHARS_MAX = 256
"""A longer text is cut: it only informs. A cut deployment has no alias and is never priced."""
NAMES_MAX = 1_000
NAME_CHARS_MAX = 64
"""Names beyond these are spelled each time."""

_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|\+00:00)", re.ASCII)
_NUMBER = re.compile(r"\d{1,12}(\.0{1,9})?", re.ASCII)
_PLACEHOLDERS = frozenset({"", "-", "NA", "N/A"})
_NOTHING = re.compile(r"[-+]?(0+(\.0*)?|\.0+)(e[-+]?\d+)?|false|-|n/?a", re.ASCII | re.IGNORECASE)
"""A zero, a flag that is not set and a placeholder, as text."""
PLACEHOLDER_CHARS_MAX = max(map(len, _PLACEHOLDERS))
_SUFFIX = re.compile(r"_(?:s|d|b|g|t)$")
"""AzureDiagnostics' mark of a column's type."""
_decode_json = msgspec.json.Decoder().decode
_names: dict[str, str] = {}
"""Spellings of the gateway's few names, as they were seen."""


class Fields:
    """Names are given in lower case. Methods raise InvalidField, naming the whole path."""

    def __init__(self, document: Mapping[str, object], path: str) -> None:
        self._values = {_spelled(name): each for name, each in document.items()}
        self._path = path

    def path(self, name: str) -> str:
        """The name as a person finds it in the event."""
        return f"{self._path}.{name}".lstrip(".")

    def text(self, name: str, chars_max: int = TEXT_CHARS_MAX) -> str | None:
        """Text that only informs: what is no text is None, control characters become U+FFFD, what
        is longer than `chars_max` is cut.
        """
        value = self._values.get(name)
        if not isinstance(value, str):
            return None
        value = value.strip()[:chars_max]
        if not value.isascii():
            value = unicodedata.normalize("NFC", value)
        if len(value) <= PLACEHOLDER_CHARS_MAX and value.upper() in _PLACEHOLDERS:
            return None
        if value.isprintable():
            return value
        return "".join("\ufffd" if unicodedata.category(c) in {"Cc", "Cs"} else c for c in value)

    def count(self, name: str) -> int | None:
        """A whole number from 0 to NUMBER_MAX, also as text or with a zero fraction."""
        value = self._values.get(name)
        if value is None or (isinstance(value, str) and value.strip().upper() in _PLACEHOLDERS):
            return None
        number = _whole(value)
        if number is None:
            raise self.wrong(InvalidCode.WRONG_TYPE, name, "a whole number")
        if not 0 <= number <= NUMBER_MAX:
            raise self.wrong(InvalidCode.OUT_OF_RANGE, name, f"0 to {NUMBER_MAX:,}")
        return number

    def counts_besides(
        self, known: Collection[str], word: str
    ) -> tuple[tuple[str, int | str], ...]:
        """What other fields with `word` in their name hold, by path in lower case: a whole number,
        or the text of whatever else is neither zero nor absent. Objects and lists are walked.

        One field more than a usage object may name says that there are more.
        """
        names = sorted(name for name in self._values if word in name and name not in known)
        if not names:
            return ()
        found = leaves({name: _stripped(self.value(name)) for name in names}, {})
        meant = ((path.lower(), text) for path, text in found if not _NOTHING.fullmatch(text))
        return tuple((path, _number_or(text)) for path, text in islice(meant, UNREAD_MAX + 1))

    def flag(self, name: str) -> bool:
        """True for true, "true" and "True"; all else is False."""
        return str(self._values.get(name)).lower() == "true"

    def time(self, name: str) -> datetime:
        """RFC 3339 in UTC, of which digits below the microsecond are dropped."""
        value = self._values.get(name)
        if not isinstance(value, str) or not _UTC_TIME.fullmatch(value):
            code = InvalidCode.MISSING_FIELD if value is None else InvalidCode.BAD_TIME
            raise self.wrong(code, name, "RFC 3339 in UTC, as 2026-11-20T…Z")
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except ValueError as error:
            raise self.wrong(InvalidCode.BAD_TIME, name, f"a real time ({error})") from error

    def nested(self, name: str) -> "Fields | None":
        """An object, also as JSON text. None when absent."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise self.wrong(InvalidCode.WRONG_TYPE, name, "a JSON object")
        return Fields(cast("Mapping[str, object]", value), self.path(name))

    def value(self, name: str) -> object:
        """Whatever stands there; text that is JSON of an object or list comes out parsed."""
        value = self._values.get(name)
        if not isinstance(value, str) or value.lstrip()[:1] not in {"{", "["}:
            return value
        try:
            parsed: object = _decode_json(value)
        except (msgspec.DecodeError, RecursionError):
            return value
        return parsed

    def wrong(self, code: InvalidCode, name: str, expected: str) -> InvalidField:
        """The error that names this field and what stands there."""
        return InvalidField(code, self.path(name), self._values.get(name, ABSENT), expected)


def _spelled(name: str) -> str:
    """In lower case, without the mark of its type."""
    known = _names.get(name)
    if known is None:
        known = _SUFFIX.sub("", name.lower())
        if len(_names) < NAMES_MAX and len(name) <= NAME_CHARS_MAX:
            _names[name] = known
    return known


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _number_or(text: str) -> int | str:
    """The whole number that the text is, at most NUMBER_MAX; else the text."""
    number = _whole(text)
    return text if number is None else min(number, NUMBER_MAX)


def _whole(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    text = value.strip() if isinstance(value, str) else repr(value)
    return int(text.partition(".")[0]) if _NUMBER.fullmatch(text) else None
