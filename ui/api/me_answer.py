"""Who looks at the pages, and who looked at whose calls, as the API answers it."""

from datetime import datetime
from enum import StrEnum

import msgspec

from ui.api.usage_answers import Page


class Permission(StrEnum):
    """What pages depend on; the API knows more."""

    BILLING = "billing"
    """To see everybody."""
    ADMIN = "admin"
    """To see who looked at whom."""


KEEPERS = "whoever looks after billing in your company"
"""Whom somebody without a permission may ask."""


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """Something whose usage the caller sees."""

    kind: str
    """`cost_centre`, `subscription` or `app`."""
    name: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of `/v1/me`."""

    subject: str | None
    """None where nobody signs in."""
    name: str | None
    cost_centre: str | None
    permissions: list[str]
    owns: list[Owned]

    @property
    def sees_only_themselves(self) -> bool:
        """Whether every page is about their own calls."""
        return self.subject is not None and not self.owns and not self.may(Permission.BILLING)

    def may(self, permission: Permission) -> bool:
        """Whether the API would answer what needs this permission."""
        return permission in self.permissions


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
