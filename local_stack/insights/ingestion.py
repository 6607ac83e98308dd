"""A request with items: what is stored, and what the exporter is answered."""

import json
from collections import defaultdict
from datetime import datetime
from typing import Any

import msgspec

from local_stack.insights.errors import ItemRefused
from local_stack.insights.faults import TrackFault
from local_stack.insights.items import Row, rows_of
from local_stack.insights.store import Store


class Refused(msgspec.Struct, frozen=True, rename="camel"):
    """One item that was not taken."""

    index: int
    status_code: int
    message: str


class Taken(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The body of the answer."""

    items_received: int
    items_accepted: int
    errors: list[Refused]
    app_id: str | None = None

    @property
    def status(self) -> int:
        if not self.errors:
            return 200
        return 206 if self.items_accepted else 400


def decode(body: bytes) -> list[Any]:
    """A JSON array, or objects one a line. ValueError for anything else."""
    text = body.decode()
    if text.lstrip().startswith("["):
        found: list[Any] = json.loads(text)
        return found
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def take(store: Store, items: list[Any], *, now: datetime, fault: TrackFault | None) -> Taken:
    """Store what may be stored. With a fault, less is stored than was sent."""
    rows: dict[str, list[Row]] = defaultdict(list)
    errors: list[Refused] = []
    accepted = 0
    for index, item in enumerate(items):
        if fault is TrackFault.HALF and index >= (len(items) + 1) // 2:
            break
        try:
            if index == 0 and fault in _FIRST_REFUSED:
                raise _FIRST_REFUSED[fault]
            table, new = rows_of(item, now=now)
        except ItemRefused as refused:
            errors.append(Refused(index, refused.status, refused.message))
        else:
            rows[table] += new
            accepted += 1
    if rows:
        store.add(rows)
    return Taken(items_received=len(items), items_accepted=accepted, errors=errors)


_FIRST_REFUSED = {
    TrackFault.ITEM_RETRYABLE: ItemRefused(500, "Internal Server Error"),
    TrackFault.ITEM_BAD: ItemRefused(400, "109: Field 'name' is not valid, by a fault"),
}
