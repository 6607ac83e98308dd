"""What the next book changes: its prices next to those in use, and the posted calls they reach.

A report to read before a run is staged. It writes nothing.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from consumers.rerating.diff import Diff, DiffLine
from consumers.rerating.stage import Staging
from pricing_rules.engine.book_changes import BookChange
from pricing_rules.money import format_pico

_COLUMNS = ("model", "calls", "changed", "before", "after", "newly_priced", "newly_unpriced")


def changes_document(
    changes: Sequence[BookChange], staging: Staging, *, in_use: str
) -> dict[str, Any]:
    """The report as JSON has it."""
    scope = staging.scope
    return {
        "book_in_use": in_use,
        "next_book": staging.book_version,
        "changes": [
            {"kind": change.kind, "name": change.name, "details": list(change.details)}
            for change in changes
        ],
        "from_day": scope.from_day.isoformat(),
        "to_day": scope.to_day.isoformat(),
        "currency": staging.currencies[0],
        "models": [
            {"model": model, **_fields(line)}
            for model, line in sorted(_by_model(staging.diff).items())
        ],
        "total": _fields(staging.diff.total),
    }


def _by_model(diff: Diff) -> dict[str, DiffLine]:
    """The models with a changed call. Amounts are those of their changed lines."""
    models: dict[str, DiffLine] = {}
    for (_, _, model, _), line in diff.changed_lines():
        sums = models.setdefault(model, DiffLine())
        for name in DiffLine.__slots__:
            setattr(sums, name, getattr(sums, name) + getattr(line, name))
    return models


def _fields(line: DiffLine) -> dict[str, Any]:
    return {
        "calls": line.calls,
        "changed": line.changed,
        "before": format_pico(line.before),
        "after": format_pico(line.after),
        "newly_priced": line.newly_priced,
        "newly_unpriced": line.newly_unpriced,
    }


def as_text(document: dict[str, Any]) -> str:
    """For people: the changes of prices, then the posted calls by model."""
    head = f"book in use {document['book_in_use'][:12]}, next {document['next_book'][:12]}"
    changes = [
        str(BookChange(each["kind"], each["name"], tuple(each["details"])))
        for each in document["changes"]
    ]
    period = f"{document['from_day']} to {document['to_day']}"
    total = document["total"]
    calls = f"{total['changed']} of {total['calls']} calls of {period} would change"
    rows = [_COLUMNS, *([str(row[name]) for name in _COLUMNS] for row in document["models"])]
    table = _table(rows) if document["models"] else []
    return "\n".join([head, *(changes or ["no rule and no deployment differs"]), "", calls, *table])


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[number]) for row in rows) for number in range(len(_COLUMNS))]
    return [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def as_json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
