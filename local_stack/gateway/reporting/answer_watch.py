"""Reads what an answer says about itself while it passes: id, model, usage. It changes no byte and
holds none back, and ignores what it does not understand."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

LINE_BYTES_MAX = 1024 * 1024
"""Longer lines of a stream, such as images, are ignored."""

_USAGE = re.compile(rb'"usage"\s*:\s*\{')
_FIELD = b"data:"


class AnswerWatch:
    """What is known of one answer so far. Absent is None."""

    def __init__(self) -> None:
        self.response_id: str | None = None
        self.model: str | None = None
        self.usage: Mapping[str, Any] | None = None
        self._rest = b""
        self._too_long = False

    def whole(self, body: bytes) -> None:
        """A complete JSON answer."""
        self._learn(body)

    def feed(self, data: bytes) -> None:
        """The next bytes of an event stream, cut anywhere."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if not self._too_long and line.startswith(_FIELD) and _USAGE.search(line):
                self._learn(line[len(_FIELD) :])
            self._too_long = False
        if len(self._rest) > LINE_BYTES_MAX:
            self._rest, self._too_long = b"", True

    def _learn(self, text: bytes) -> None:
        """Responses and Anthropic streams nest the answer. Anthropic's later counts are totals, so
        they replace the earlier ones."""
        try:
            said = msgspec.json.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if not isinstance(said, dict):
            return
        nested = said.get("response") or said.get("message")
        answer = nested if isinstance(nested, dict) else said
        self.response_id = _text(answer.get("id")) or self.response_id
        self.model = _text(answer.get("model")) or self.model
        usage = answer.get("usage")
        if isinstance(usage, dict):
            self.usage = {**(self.usage or {}), **usage}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
