"""A run's report for people and spreadsheets, from its shown JSON document. Pure."""

import csv
import io
from collections.abc import Mapping
from typing import Any

from table_api.formulas import FORMULA_STARTS

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
    "unpriced_before",
    "unpriced_after",
)
CSV_COLUMNS = (*COLUMNS, "model_after")
BILLED_COLUMNS = ("billed_before", "billed_after", "billed_delta")
LINES_SHOWN_MAX = 60
NO_PRICE = "no price"
_KEYS = 4
"""So many of the columns are texts."""

_TEXTS = frozenset({"subject", "model", "model_after", "cost_centre"})


def as_csv(document: Mapping[str, Any]) -> str:
    """A line per day, subject, cost centre, old and new model that the run changes.

    An amount that nobody knows is an empty cell.
    """
    columns = CSV_COLUMNS + (BILLED_COLUMNS if document["billing_currency"] else ())
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for line in document["lines"]:
        writer.writerow([_cell(name, line.get(name)) for name in columns])
    return text.getvalue()


def as_table(document: Mapping[str, Any]) -> str:
    """The largest changes first, then the total of the whole scope."""
    total = document["total"]
    lines = sorted(document["lines"], key=_size, reverse=True)
    rows = [[_word(line, name) for name in COLUMNS] for line in lines[:LINES_SHOWN_MAX]]
    rows.append(["total", "", "", "", *(_word(total, name) for name in COLUMNS[_KEYS:])])
    widths = [max(map(len, column)) for column in zip(COLUMNS, *rows, strict=True)]
    said = [
        "  ".join(
            cell.ljust(width) if number < _KEYS else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (COLUMNS, *rows)
    ]
    if len(lines) > LINES_SHOWN_MAX:
        said.insert(-1, f"… and {len(lines) - LINES_SHOWN_MAX} smaller lines: --format csv")
    said.append(f"{document['currency']}, book {document['book_version'][:12]}")
    return "\n".join(said)


def _word(line: Mapping[str, Any], name: str) -> str:
    """A cell of the table; a call that changes its model has both in one cell."""
    value = line.get(name)
    if name in ("before", "after") and value is None:
        return NO_PRICE
    if name == "model" and line.get("model_after", value) != value:
        return f"{value} -> {line['model_after']}"
    return "" if value is None else str(value)


def _size(line: Mapping[str, Any]) -> tuple[int, str]:
    """By the amount without its sign. Decimal strings of equal scale need no arithmetic."""
    delta = str(line["delta"]).lstrip("-")
    whole, _, rest = delta.partition(".")
    return int(whole + rest.ljust(12, "0")), str(line["day"])


def _cell(name: str, value: object) -> str:
    """A text that a spreadsheet would take for a formula gets a leading apostrophe."""
    text = "" if value is None else str(value)
    return f"'{text}" if name in _TEXTS and text.startswith(FORMULA_STARTS) else text
