"""An invoice or statement as CSV: one row per line, then what has no amount. Pure.

A cell that a spreadsheet would take for a formula gets a leading apostrophe.
"""

import csv
import io
from collections.abc import Iterable, Mapping

from table_api.invoicing.document import Document, Line, Uncharged

COLUMNS = (
    "number",
    "line",
    "kind",
    "charge_month",
    "charge_day",
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


def document_csv(document: Document, names: Names) -> bytes:
    """UTF-8 with a byte order mark, which spreadsheets need to read names right."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(_rows(document, names))
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8")


def _rows(document: Document, names: Names) -> Iterable[dict[str, str]]:
    for line in document.lines:
        yield _line(document, line, names)
    for entry in document.uncharged:
        yield _uncharged(document, entry, names)


def _line(document: Document, line: Line, names: Names) -> dict[str, str]:
    facts = {name: safe(value) for name, value in line.facts.items()}
    return facts | {
        "number": line.invoice,
        "line": str(line.number),
        "kind": line.kind,
        "charge_month": line.charge_month,
        "charge_day": line.charge_day or "",
        "subject": safe(line.subject),
        "name": safe(names.get(line.subject, "")),
        "model": safe(line.model),
        "line_id": safe(line.line),
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


def _uncharged(document: Document, entry: Uncharged, names: Names) -> dict[str, str]:
    return {
        "number": document.number,
        "kind": entry.concern,
        "charge_month": entry.charge_month,
        "subject": safe(entry.subject),
        "name": safe(names.get(entry.subject, "")),
        "model": safe(entry.model),
        "quantity": str(sum(entry.quantities.values())) if entry.quantities else "",
        "currency": document.currency,
        "deployment": safe(entry.deployment or ""),
        "calls": str(entry.calls),
        "estimate": entry.estimate or "",
        "note": entry.basis,
    }


def safe(text: str) -> str:
    """Text that no spreadsheet runs. Numbers of ours are written as they are."""
    return f"'{text}" if text.startswith(_FORMULA) else text
