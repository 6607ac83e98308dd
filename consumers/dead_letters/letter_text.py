"""Dead letters as text: a line each for the list, all of one for a person."""

import base64
import json
import re
from dataclasses import asdict
from typing import Any

from table_api.consumer_state.dead_letters import DeadLetter

BODY_CHARS_SHOWN = 4_000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""All but tab and line end, and what turns the order of writing around."""


def as_line(entry: DeadLetter) -> str:
    """Tab-separated: id, state, reason, field, enqueued time, event id, message."""
    cells = (
        entry.id,
        entry.state.value,
        entry.reason,
        entry.field,
        entry.enqueued_time.isoformat(timespec="seconds"),
        entry.event_id or "-",
        entry.message,
    )
    return "\t".join(" ".join(cell.split()) for cell in cells)


def as_fields(entry: DeadLetter) -> dict[str, Any]:
    """Everything that is known of a letter, without its bytes."""
    return {"id": entry.id, **asdict(entry)}


def body_fields(body: bytes) -> dict[str, str]:
    """The whole body for programs: as text, or as base64 where it is no UTF-8."""
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def as_text(entry: DeadLetter, body: bytes) -> str:
    """Everything, with the body as far as it fits. Bytes that are no UTF-8 come out escaped, and
    so do control characters: the body is whoever's, and a terminal obeys them.
    """
    facts = json.dumps(as_fields(entry), default=str, indent=2, ensure_ascii=False)
    text = _CONTROL.sub(_escaped, body.decode("utf-8", "backslashreplace"))
    shown = text[:BODY_CHARS_SHOWN]
    rest = len(text) - len(shown)
    return f"{facts}\n{shown}" + (f"\n… {rest} characters more" if rest else "")


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
