"""A run's report for people and spreadsheets, from its JSON document. Pure."""

import csv
import io
from collections.abc import Mapping
from typing import Any

COLUMNS = (
    "day",
    "subject",
    "model",
    "cost_centre",
    "calls",
    "changed",
    "before",
    "after",
    "delta",
    "newly_priced",
    "newly_unpriced",
)
BILLED_COLUMNS = ("billed_before", "billed_after", "billed_delta")
LINES_SHOWN_MAX = 60

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEXTS = frozenset({"subject", "model", "cost_centre"})


def as_csv(document: Mapping[str, Any]) -> str:
    """A line per day, subject, model and cost centre that the run changes."""
    columns = COLUMNS + (BILLED_COLUMNS if document["billing_currency"] else ())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for line in document["lines"]:
        writer.writerow([_cell(name, line[name]) for name in columns])
    return text.getvalue()


def as_table(document: Mapping[str, Any]) -> str:
    """The largest changes first, then the total of the whole scope."""
    total = document["total"]
    lines = sorted(document["lines"], key=_size, reverse=True)
    rows = [[str(line[name]) for name in COLUMNS] for line in lines[:LINES_SHOWN_MAX]]
    rows.append(["total", "", "", "", *(str(total[name]) for name in COLUMNS[4:])])
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    said = [
        "  ".join(
            cell.ljust(width) if number < 4 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (COLUMNS, *rows)
    ]
    if len(lines) > LINES_SHOWN_MAX:
        said.insert(-1, f"… and {len(lines) - LINES_SHOWN_MAX} smaller lines: --format csv")
    said.append(f"{document['currency']}, book {document['book_version'][:12]}")
    return "\n".join(said)


def _size(line: Mapping[str, Any]) -> tuple[int, str]:
    """By the amount without its sign. Decimal strings of equal scale need no arithmetic."""
    delta = str(line["delta"]).lstrip("-")
    whole, _, rest = delta.partition(".")
    return int(whole + rest.ljust(12, "0")), str(line["day"])


def _cell(name: str, value: object) -> str:
    """A text that a spreadsheet would take for a formula gets a leading apostrophe."""
    text = str(value)
    return f"'{text}" if name in _TEXTS and text.startswith(_FORMULA) else text
