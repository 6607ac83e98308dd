"""An invoice or statement as CSV: one row per line, then what has no amount. Pure.

A cell that a spreadsheet would take for a formula gets a leading apostrophe.
"""

import csv
import io
from collections.abc import Mapping

from table_api.invoicing.documents.document import Document, Line, Uncharged

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

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMERIC = frozenset(
    {"quantity", "list", "contracted", "charge", "amount_unrounded", "amount", "calls", "estimate"}
)


def document_csv(document: Document, names: Names) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheets need to read names right."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    for line in document.lines:
        writer.writerow(_safe(line_values(document, line, names)))
    for entry in document.uncharged:
        writer.writerow(_safe(uncharged_values(document, entry, names)))
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
    """The columns of calls without an amount or an owner."""
    return {
        "number": document.number,
        "kind": entry.concern,
        "charge_month": entry.charge_month,
        "subject": entry.subject,
        "name": names.get(entry.subject, ""),
        "model": entry.model,
        "quantity": str(sum(entry.quantities.values())) if entry.quantities else "",
        "currency": document.currency,
        "deployment": entry.deployment or "",
        "calls": str(entry.calls),
        "estimate": entry.estimate or "",
        "note": entry.basis,
    }


def _safe(values: Mapping[str, str]) -> dict[str, str]:
    """Text that no spreadsheet runs; negative numbers are written as they are."""
    return {
        column: f"'{value}" if value.startswith(_FORMULA) and column not in _NUMERIC else value
        for column, value in values.items()
    }
