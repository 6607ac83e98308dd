"""Who looked at whose calls, as the API answers it."""

from datetime import datetime

import msgspec

from ui.api.usage_answers import Page


class AccessRow(msgspec.Struct, frozen=True, kw_only=True):
    """One answer that showed what belongs to others."""

    at: datetime
    caller: str
    roles: list[str]
    path: str
    query: str
    subjects: list[str]
    count: int | None = None
    """How many subjects were shown; None for everybody."""


class Accesses(msgspec.Struct, frozen=True, kw_only=True):
    data: list[AccessRow]
    page: Page
