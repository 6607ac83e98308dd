"""A re-rating run: its scope, its report in short, and how far it is; as a row and back. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from pricing_rules.money import format_pico
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
class Approval:
    """Who wanted a run applied or reverted, and why."""

    by: str
    why: str
    at: datetime | None = None
    """When it was approved; when the revert was done, None until then."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a run's calls."""

    done: int = 0
    left: int = 0
    """Calls that had gone on meanwhile: they were left alone."""

    def plus(self, done: int, left: int) -> "Settled":
        """So many calls more."""
        return Settled(self.done + done, self.left + left)


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
    unpriced_before: int | None = None
    """Calls of the scope whose cost was not known; None of a run that was staged before this."""
    unpriced_after: int | None = None
    pairs_sha256: str
    report_sha256: str | None = None
    """Of the report as it is stored; None of a run that was staged before this column."""
    staged_at: datetime
    approved: Approval | None = None
    applied_at: datetime | None = None
    written: Settled = Settled()
    """Done: their chain has the run's row. Left: gone on between staging and applying."""
    reverted: Approval | None = None
    restored: Settled = Settled()
    """Done: as they were before. Left: gone on between applying and reverting, so that they keep
    the run's effect.
    """
    position: int = 0
    """Pairs that the work in hand has settled, from the first on."""


_FLAT = {
    "approved": {"by": "approved_by", "at": "approved_at", "why": "why"},
    "written": {"done": "written", "left": "left_alone"},
    "reverted": {"by": "reverted_by", "at": "reverted_at", "why": "revert_why"},
    "restored": {"done": "restored", "left": "kept"},
}
"""What columns and answers call the fields of these."""


def flat_fields(rerating: Rerating) -> dict[str, Any]:
    """Every fact under the name that its column and the answers have; the scope stays one."""
    fields: dict[str, Any] = {}
    for name, value in msgspec.to_builtins(rerating).items():
        if name in _FLAT:
            fields |= {flat: (value or {}).get(part) for part, flat in _FLAT[name].items()}
        else:
            fields[name] = value
    return fields


def shown_run(rerating: Rerating) -> dict[str, Any]:
    """Every fact for readers: amounts are decimals, and None where no call has a known cost."""
    before = _shown(rerating, rerating.before, rerating.unpriced_before, rerating.newly_priced)
    after = _shown(rerating, rerating.after, rerating.unpriced_after, rerating.newly_unpriced)
    delta = format_pico(rerating.after - rerating.before)
    return flat_fields(rerating) | {"before": before, "after": after, "delta": delta}


def _shown(rerating: Rerating, amount: int, unpriced: int | None, changed: int) -> str | None:
    """`changed`: calls that got or lost their cost, at least so many had none."""
    without = changed if unpriced is None else unpriced
    return None if 0 < rerating.calls == without else format_pico(amount)


def rerating_columns(rerating: Rerating) -> dict[str, Value]:
    """As it is stored; the scope's fields are columns of their own."""
    columns = flat_fields(rerating)
    columns |= columns.pop("scope")
    columns |= {"before": str(rerating.before), "after": str(rerating.after)}
    return {name: value for name, value in columns.items() if value is not None}


def read_rerating(row: Row) -> Rerating:
    """As read from the table."""
    fields: dict[str, Any] = {**row, "scope": row}
    for name, flat_names in _FLAT.items():
        if parts := {part: row[flat] for part, flat in flat_names.items() if flat in row}:
            fields[name] = parts
    return msgspec.convert(fields, Rerating, strict=False)
