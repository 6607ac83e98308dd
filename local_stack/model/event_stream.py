"""Server-sent events as bytes: one frame for each thing that a stream says."""

import json
from collections.abc import Mapping

DONE = b"data: [DONE]\n\n"
"""The end of a stream of the OpenAI APIs."""


def frame(data: Mapping[str, object], *, event: str | None = None) -> bytes:
    """`event` names the kind, as the Responses and the Anthropic API do."""
    text = json.dumps(data, separators=(",", ":"))
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {text}\n\n".encode()
