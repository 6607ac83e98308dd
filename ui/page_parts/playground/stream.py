"""The text of a chat call's answer, event by event. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

ANSWER_CHARS_MAX = 200_000
LINE_CHARS_MAX = 1_000_000
REFUSAL_CHARS_MAX = 500
LINE_END = re.compile("[\r\n]+")
"""Of an event's line. An answer may have other marks that Python takes for line ends, such as
U+2028, as they are."""
NO_TEXT = frozenset({"finish_reason", "content_filter_results", "content_filter_offsets"})
"""What a choice has instead of text: how the answer ended, or what a filter says of an earlier
part.
"""
CUT = {
    "length": "The answer ends here: it has as many tokens as were allowed, hidden reasoning "
    "included.",
    "content_filter": "The answer ends here: the content filter has stopped it.",
}
"""Ends of an answer that is not whole, by the model's own word."""


class GatewayError(Exception):
    """There is no answer or not all of it; the message is for the person who asked. The model may
    have worked, so the call may have a cost.
    """


class GatewayRefused(GatewayError):
    """The gateway could not be reached, or it refused: no model has answered anything."""


def parts_of(pieces: Iterator[str]) -> Iterator[str]:
    """The text of each event; `pieces` are the answer as it comes. GatewayError where an event
    cannot be read or names an error, and where the answer is not whole.
    """
    shown, ended = 0, ""
    for data in _events(pieces):
        if data == "[DONE]":
            ended = ended or data
            break
        try:
            event = json.loads(data)
            choices = event.get("choices") or []
            text = "".join(map(_text_of, choices))
            ends = (each.get("finish_reason") for each in choices)
            ended = next((str(end) for end in ends if end), ended)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise GatewayError(f"The gateway sent an event that cannot be read: {error}") from error
        if event.get("error"):
            raise GatewayError(f"The answer ends here: {message_of(event)[:REFUSAL_CHARS_MAX]}")
        shown += len(text)
        if shown > ANSWER_CHARS_MAX:
            raise GatewayError(f"The answer is longer than {ANSWER_CHARS_MAX:,} characters.")
        if text:
            yield text
    if not ended:
        raise GatewayError("The answer broke off: the gateway did not say that it ends here.")
    if ended in CUT:
        raise GatewayError(CUT[ended])


def message_of(said: Any) -> str:
    """What a JSON answer or event says is wrong."""
    error = said.get("error", said) if isinstance(said, Mapping) else said
    return str(error.get("message", error)) if isinstance(error, Mapping) else str(error)


def _events(pieces: Iterator[str]) -> Iterator[str]:
    """The data of each event, which is one line."""
    for line in _lines(pieces):
        data = line.removeprefix("data:").strip(" ")
        if line.startswith("data:") and data:
            yield data


def _lines(pieces: Iterator[str]) -> Iterator[str]:
    """Whole lines, and at the end what is left."""
    rest = ""
    for piece in pieces:
        *lines, rest = LINE_END.split(rest + piece)
        yield from lines
        if len(rest) > LINE_CHARS_MAX:
            raise GatewayError(f"The gateway sent a line of over {LINE_CHARS_MAX:,} characters.")
    yield rest


def _text_of(choice: Mapping[str, Any]) -> str:
    """The text of a choice, or why the model gives none. Some models send it in parts, with their
    thoughts between them.
    """
    delta = choice.get("delta") if choice.keys() & NO_TEXT else choice["delta"]
    said = (delta or {}).get("content") or (delta or {}).get("refusal") or ""
    if isinstance(said, list):
        return "".join(part.get("text") or "" for part in said if part["type"] == "text")
    return str(said)
