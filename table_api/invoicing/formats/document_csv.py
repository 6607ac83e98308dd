"""An invoice or statement as CSV: one row per line, then what has no amount. Pure.

A cell that a spreadsheet would take for a formula gets a leading apostrophe.
"""

import csv
import io
from collections.abc import Mapping

from pricing_rules.units import OUTPUT_UNITS, PROMPT_UNITS
from table_api.formulas import FORMULA_STARTS
from table_api.invoicing.documents.document import Document, Line, Uncharged
from table_api.invoicing.snapshots.snapshot import RULES

COLUMNS = (
    "number",
    "line",
    "kind",
    "charge_month",
    "charge_day",
    "corrects",
    "subject",
    "name",
    "model",
    "line_id",
    "unit",
    "quantity",
    "list",
    "contracted",
    "charge",
    "pricing_currency",
    "amount_unrounded",
    "amount",
    "currency",
    "provider",
    "model_version",
    "deployment",
    "deployment_type",
    "region",
    "service_tier",
    "product",
    "subscription",
    "base_rule",
    "tier",
    "calls",
    "estimate",
    "note",
)
Names = Mapping[str, str]
"""Subject → display name, as known when a file is rendered; empty in stored files."""

UNITS_APART_SINCE = 5
"""Rules of a snapshot by which no quantity adds tokens to anything else, and the wide forms of what
begins a formula get an apostrophe too. Stored files of earlier closes are made as they were."""
TOKENS = "tokens"
_TOKEN_UNITS = PROMPT_UNITS | OUTPUT_UNITS
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Of earlier closes."""
_NUMERIC = frozenset(
    {"quantity", "list", "contracted", "charge", "amount_unrounded", "amount", "calls", "estimate"}
)


def document_csv(document: Document, names: Names, *, rules: int = RULES) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheets need to read names right. `rules` are those
    of the snapshot, where the file is to be that of its close.
    """
    of_today = rules >= UNITS_APART_SINCE
    formula = FORMULA_STARTS if of_today else _FORMULA
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for line in document.lines:
        writer.writerow(_safe(line_values(document, line, names), formula))
    for entry in document.uncharged:
        values = uncharged_values(document, entry, names)
        if not of_today:
            values |= _one_quantity(entry)
        writer.writerow(_safe(values, formula))
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def line_values(document: Document, line: Line, names: Names) -> dict[str, str]:
    """The columns of a line."""
    return line.facts | {
        "number": line.invoice,
        "line": str(line.number),
        "kind": line.kind,
        "charge_month": line.charge_month,
        "charge_day": line.charge_day or "",
        "corrects": line.corrects or "",
        "subject": line.subject,
        "name": names.get(line.subject, ""),
        "model": line.model,
        "line_id": line.line,
        "unit": line.unit,
        "quantity": str(line.quantity),
        "list": line.list,
        "contracted": line.contracted,
        "charge": line.charge,
        "pricing_currency": document.pricing_currency,
        "amount_unrounded": line.amount_unrounded,
        "amount": line.amount,
        "currency": document.currency,
    }


def uncharged_values(document: Document, entry: Uncharged, names: Names) -> dict[str, str]:
    """The columns of calls without an amount or an owner. Quantities that are not all of one kind
    are in the note.
    """
    unit, quantity = _unit_of(entry.quantities)
    parts = [f"{name} {number}" for name, number in entry.quantities.items()]
    listed = f"{', '.join(parts)}; " if entry.quantities and not unit else ""
    return {
        "number": document.number,
        "kind": entry.concern,
        "charge_month": entry.charge_month,
        "subject": entry.subject,
        "name": names.get(entry.subject, ""),
        "model": entry.model,
        "unit": unit,
        "quantity": quantity,
        "currency": document.currency,
        "deployment": entry.deployment or "",
        "calls": str(entry.calls),
        "estimate": entry.estimate or "",
        "note": f"{listed}{entry.basis}",
    }


def _unit_of(quantities: Mapping[str, int]) -> tuple[str, str]:
    """The unit and the quantity; both empty where there is none, or no common unit."""
    if len(quantities) == 1:
        [(unit, quantity)] = quantities.items()
        return unit, str(quantity)
    if quantities and _TOKEN_UNITS.issuperset(quantities):
        return TOKENS, str(sum(quantities.values()))
    return "", ""


def _one_quantity(entry: Uncharged) -> dict[str, str]:
    """As closes by earlier rules wrote it: whatever the units are, added up."""
    quantity = str(sum(entry.quantities.values())) if entry.quantities else ""
    return {"unit": "", "quantity": quantity, "note": entry.basis}


def _safe(values: Mapping[str, str], formula: tuple[str, ...]) -> dict[str, str]:
    """Text that no spreadsheet runs; negative numbers are written as they are."""
    return {
        column: f"'{value}" if value.startswith(formula) and column not in _NUMERIC else value
        for column, value in values.items()
    }
