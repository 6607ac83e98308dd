"""What can be seen of any body without decoding it: who sent it, whose call it is. Never raises.

For what is said of a dead letter; nothing is metered by it.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from pricing_rules.decoding.invalid_event import shown

ID_CHARS_MAX = 128
"""A longer id is not worth an index entry of a dead letter."""
NOBODY = "a sender that nobody can read"


class _Body(msgspec.Struct, gc=False):
    id: Any = None
    source: Any = None
    subject: Any = None
    data: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Glimpse:
    """Of a body that is JSON, what it says; of other bytes nothing."""

    event_id: str | None = None
    sender: str = NOBODY
    """The event's source and API, as printable text."""
    subject: str | None = None


_DECODER = msgspec.json.Decoder(_Body)


def glimpse(body: bytes) -> Glimpse:
    """At a body of any kind."""
    try:
        seen = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Glimpse()
    sender = NOBODY
    if isinstance(seen.source, str):
        api = seen.data.get("api") if isinstance(seen.data, dict) else None
        sender = f"{shown(seen.source)}, API {shown(api)}"
    return Glimpse(
        event_id=readable_id(seen.id),
        sender=sender,
        subject=shown(seen.subject) if isinstance(seen.subject, str) else None,
    )


def readable_id(value: object) -> str | None:
    """An event's id in lower case; None of anything else."""
    if isinstance(value, str) and 0 < len(value) <= ID_CHARS_MAX and value.isprintable():
        return value.lower()
    return None
