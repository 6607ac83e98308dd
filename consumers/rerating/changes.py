"""What the next book changes: its prices next to those in use, and the posted calls they reach.

A report to read before a run is staged. It writes nothing.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from consumers.rerating.diff import Diff, DiffLine
from consumers.rerating.diff_text import NO_PRICE
from consumers.rerating.stage import Staging
from pricing_rules.engine.book_changes import BookChange
from pricing_rules.money import format_pico
from table_api.rerating.stored_report import shown_amounts

_COLUMNS = (
    "model",
    "model_after",
    "calls",
    "changed",
    "before",
    "after",
    "newly_priced",
    "newly_unpriced",
)


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
            {"model": model, "model_after": model_after, **_fields(line)}
            for (model, model_after), line in sorted(_by_model(staging.diff).items())
        ],
        "total": _fields(staging.diff.total),
    }


def _by_model(diff: Diff) -> dict[tuple[str, str], DiffLine]:
    """The old and new models with a changed call. Amounts are those of their changed lines."""
    models: dict[tuple[str, str], DiffLine] = {}
    for (_, _, model, model_after, _), line in diff.changed_lines():
        sums = models.setdefault((model, model_after), DiffLine())
        for name in DiffLine.__slots__:
            setattr(sums, name, getattr(sums, name) + getattr(line, name))
    return models


def _fields(line: DiffLine) -> dict[str, Any]:
    return shown_amounts(
        {
            "calls": line.calls,
            "changed": line.changed,
            "before": format_pico(line.before),
            "after": format_pico(line.after),
            "newly_priced": line.newly_priced,
            "newly_unpriced": line.newly_unpriced,
            "unpriced_before": line.unpriced_before,
            "unpriced_after": line.unpriced_after,
        }
    )


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
    rows = [_COLUMNS, *([_word(row[name]) for name in _COLUMNS] for row in document["models"])]
    table = _table(rows) if document["models"] else []
    return "\n".join([head, *(changes or ["no rule and no deployment differs"]), "", calls, *table])


def _word(value: object) -> str:
    return NO_PRICE if value is None else str(value)


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[number]) for row in rows) for number in range(len(_COLUMNS))]
    return [
        "  ".join(
            cell.rjust(width) if number > 1 else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def as_json(document: dict[str, Any]) -> str:
    return msgspec.json.format(msgspec.json.encode(document), indent=1).decode()
