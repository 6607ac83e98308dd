"""What another book changes: charges by day, subject, cost centre, old and new model. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import msgspec

from pricing_rules.money import format_pico
from pricing_rules.types import CallState
from table_api.ledger.posting import Posting
from table_api.rerating.scope import Scope, ScopedCall

COSTED = frozenset({CallState.PRICED, CallState.ZERO})

Key = tuple[str, str, str, str, str]
"""The parts of KEY_FIELDS; an absent cost centre is empty."""
KEY_FIELDS = ("day", "subject", "model", "model_after", "cost_centre")


@dataclass(slots=True)
class DiffLine:
    """Calls of one key. Amounts in pico-units are sums over the calls whose cost is known."""

    calls: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0
    billed_before: int = 0
    """In the billing currency; 0 in a ledger of one currency."""
    billed_after: int = 0
    newly_priced: int = 0
    newly_unpriced: int = 0
    unpriced_before: int = 0
    """Calls whose cost was not known."""
    unpriced_after: int = 0

    def add(self, before: ScopedCall, after: Posting, *, changed: bool) -> None:
        """Count one call."""
        known_before = before.entry.state in COSTED
        known_after = after.call.priced.state in COSTED
        self.calls += 1
        self.changed += changed
        self.newly_priced += known_after and not known_before
        self.newly_unpriced += known_before and not known_after
        self.unpriced_before += not known_before
        self.unpriced_after += not known_after
        old, new = before.entry.measures, after.measures
        self.before += old.get("charge", 0)
        self.after += new.get("charge", 0)
        self.billed_before += old.get("billed", 0)
        self.billed_after += new.get("billed", 0)


@dataclass(slots=True)
class Diff:
    """The lines of a scope, and their sum."""

    lines: dict[Key, DiffLine] = field(default_factory=dict)
    total: DiffLine = field(default_factory=DiffLine)

    def add(self, call: ScopedCall, model: str, *, after: Posting, changed: bool) -> None:
        """Count one call once, with the model that it has and the one that it would have."""
        entry, day = call.entry, call.day.isoformat()
        key = (day, entry.subject, model, after.model, call.cost_centre or "")
        for line in (self.lines.setdefault(key, DiffLine()), self.total):
            line.add(call, after, changed=changed)

    def changed_lines(self) -> Iterator[tuple[Key, DiffLine]]:
        """Lines with a changed call, by key."""
        return ((key, line) for key, line in sorted(self.lines.items()) if line.changed)


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
                **dict(zip(KEY_FIELDS, key, strict=True)),
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
        "unpriced_before": line.unpriced_before,
        "unpriced_after": line.unpriced_after,
    }
    if two_currencies:
        fields["billed_before"] = format_pico(line.billed_before)
        fields["billed_after"] = format_pico(line.billed_after)
        fields["billed_delta"] = format_pico(line.billed_after - line.billed_before)
    return fields
