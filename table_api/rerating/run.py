"""A re-rating run: its scope, its report in short, and how far it is; as a row and back. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from table_api.errors import TableApiError
from table_api.rerating.scope import Scope
from table_api.storage.table_storage import Row, Value


class RunRefused(TableApiError):
    """A run cannot go where it was asked to go; the message says from where it may."""


class RunState(StrEnum):
    """How far a run is."""

    STAGED = "staged"
    APPROVED = "approved"
    APPLYING = "applying"
    APPLIED = "applied"
    REVERTING = "reverting"
    REVERTED = "reverted"


class Work(StrEnum):
    """What is done to the calls of a run."""

    APPLY = "apply"
    REVERT = "revert"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerating:
    """One run."""

    run: str
    """`r` and 12 hex digits of what it changes: the same staged twice is one run."""
    state: RunState
    scope: Scope
    book_version: str
    engine_version: str
    """Digest of the rating code that priced it."""
    currency: str
    calls: int
    """Calls in the scope."""
    changed: int
    """Calls that the run would change."""
    before: int
    """Charge of the whole scope in pico-units, as found."""
    after: int
    newly_priced: int
    newly_unpriced: int
    pairs_sha256: str
    staged_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None
    why: str | None = None
    applied_at: datetime | None = None
    written: int = 0
    """Calls whose chain has the run's row."""
    left_alone: int = 0
    """Calls that had gone on between staging and applying."""
    reverted_by: str | None = None
    reverted_at: datetime | None = None
    revert_why: str | None = None
    restored: int = 0
    kept: int = 0
    """Calls that had gone on between applying and reverting: they keep the run's effect."""
    position: int = 0
    """Pairs that the work in hand has settled, from the first on."""


def rerating_columns(rerating: Rerating) -> dict[str, Value]:
    """As it is stored; the scope's fields are columns of their own."""
    columns: dict[str, Value] = msgspec.to_builtins(rerating)
    scope: dict[str, Value] = msgspec.to_builtins(rerating.scope)
    columns |= scope | {"before": str(rerating.before), "after": str(rerating.after)}
    return {name: value for name, value in columns.items() if value is not None and name != "scope"}


def read_rerating(row: Row) -> Rerating:
    """As read from the table."""
    return msgspec.convert({**row, "scope": row}, Rerating, strict=False)
