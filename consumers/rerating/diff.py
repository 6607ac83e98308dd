"""What another book changes: charges by day, subject, model and cost centre. Pure; pico-units."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from pricing_rules.money import format_pico
from pricing_rules.types import CallState
from table_api.ledger.measures import Measures
from table_api.ledger.posting import Posting
from table_api.rerating.scope import Scope, ScopedCall

COSTED = frozenset({CallState.PRICED, CallState.ZERO})

Key = tuple[str, str, str, str]
"""Day, subject, model, cost centre; an absent cost centre is empty."""


@dataclass(slots=True)
class DiffLine:
    """Calls of one key."""

    calls: int = 0
    """Calls that count here before or after."""
    changed: int = 0
    before: int = 0
    after: int = 0
    billed_before: int = 0
    """In the billing currency; 0 in a ledger of one currency."""
    billed_after: int = 0
    newly_priced: int = 0
    newly_unpriced: int = 0


@dataclass(slots=True)
class Diff:
    """The lines of a scope, and their sum."""

    lines: dict[Key, DiffLine] = field(default_factory=dict)
    total: DiffLine = field(default_factory=DiffLine)

    def add(self, call: ScopedCall, model: str, *, after: Posting, changed: bool) -> None:
        """Count one call where it stands and where it would stand: a model may change."""
        new_model = after.model
        day, centre = call.day.isoformat(), call.cost_centre or ""
        subject = call.entry.subject
        priced = _counted(call.entry.state, after.call.priced.state)
        old = self.lines.setdefault((day, subject, model, centre), DiffLine())
        new = self.lines.setdefault((day, subject, new_model, centre), DiffLine())
        for line in {id(line): line for line in (old, new)}.values():
            line.calls += 1
            line.changed += changed
        new.newly_priced += priced == 1
        new.newly_unpriced += priced == -1
        _add_amounts(old, new, call.entry.measures, after.measures)
        self.total.calls += 1
        self.total.changed += changed
        self.total.newly_priced += priced == 1
        self.total.newly_unpriced += priced == -1
        _add_amounts(self.total, self.total, call.entry.measures, after.measures)

    def changed_lines(self) -> Iterator[tuple[Key, DiffLine]]:
        """Lines with a changed call, by key."""
        return ((key, line) for key, line in sorted(self.lines.items()) if line.changed)


def _counted(before: CallState, after: CallState) -> int:
    """1 where a cost becomes known, -1 where it is lost."""
    return (after in COSTED) - (before in COSTED)


def _add_amounts(old: DiffLine, new: DiffLine, before: Measures, after: Measures) -> None:
    old.before += before.get("charge", 0)
    new.after += after.get("charge", 0)
    old.billed_before += before.get("billed", 0)
    new.billed_after += after.get("billed", 0)


def diff_document(
    diff: Diff,
    *,
    run: str | None,
    scope: Scope,
    book_version: str,
    engine_version: str,
    currencies: tuple[str, str],
) -> bytes:
    """The report as canonical JSON: no clock, so equal inputs give equal bytes."""
    two_currencies = currencies[0] != currencies[1]
    document = {
        "run": run,
        "scope": msgspec.to_builtins(scope),
        "book_version": book_version,
        "engine_version": engine_version,
        "currency": currencies[0],
        "billing_currency": currencies[1] if two_currencies else None,
        "total": _fields(diff.total, two_currencies=two_currencies),
        "lines": [
            {
                **dict(zip(("day", "subject", "model", "cost_centre"), key, strict=True)),
                **_fields(line, two_currencies=two_currencies),
            }
            for key, line in diff.changed_lines()
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def _fields(line: DiffLine, *, two_currencies: bool) -> dict[str, str | int]:
    fields: dict[str, str | int] = {
        "calls": line.calls,
        "changed": line.changed,
        "before": format_pico(line.before),
        "after": format_pico(line.after),
        "delta": format_pico(line.after - line.before),
        "newly_priced": line.newly_priced,
        "newly_unpriced": line.newly_unpriced,
    }
    if two_currencies:
        fields["billed_before"] = format_pico(line.billed_before)
        fields["billed_after"] = format_pico(line.billed_after)
        fields["billed_delta"] = format_pico(line.billed_after - line.billed_before)
    return fields
