"""CSV and FOCUS files from invoice lines: re-added with code of its own over plain CSV."""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from pricing_rules.money import parse_pico
from table_api.invoicing.verification.findings import Findings

Json = dict[str, Any]


def check_tables(
    blobs: Mapping[str, bytes], lines: Mapping[tuple[str, int], Json], findings: Findings
) -> None:
    """Compare every CSV of a month with the lines of its invoices."""
    folder = findings.month.key
    due = {f"{number}-{position:05d}": line for (number, position), line in lines.items()}
    _compare(f"{folder}/focus/invoice_detail.csv", blobs, "BilledCost", due, "amount", findings)
    usage = f"{folder}/focus/cost_and_usage.csv"
    _compare(usage, blobs, "BilledCost", due, "amount", findings)
    _compare(usage, blobs, "EffectiveCost", due, "amount_unrounded", findings)
    for name in blobs:
        if name.startswith(f"{folder}/invoices/") and name.endswith(".csv"):
            _check_invoice(name, blobs[name], lines, findings)


def _compare(
    name: str,
    blobs: Mapping[str, bytes],
    column: str,
    due: Mapping[str, Json],
    stated: str,
    findings: Findings,
) -> None:
    if name not in blobs:
        return  # named by the check of the manifest
    summed: Counter[str] = Counter()
    for row in _rows(blobs[name]):
        summed[row["InvoiceDetailId"]] += parse_pico(row[column])
    for detail in sorted({*due, *summed}):
        expected = parse_pico(due[detail][stated]) if detail in due else 0
        if summed[detail] != expected or detail not in due:
            findings.add(
                f"{name}: {column} of {detail} adds to {summed[detail]}, the line says {expected}"
            )


def _check_invoice(
    name: str, content: bytes, lines: Mapping[tuple[str, int], Json], findings: Findings
) -> None:
    for row in _rows(content):
        if not row["line"]:
            continue  # calls without an amount
        line = lines.get((row["number"], int(row["line"])))
        for column in ("amount", "amount_unrounded", "quantity", "list"):
            if line is None or row[column] != str(line[column]):
                findings.add(
                    f"{name} line {row['line']}: {column} is {row[column]}, not the line's"
                )


def _rows(content: bytes) -> Iterator[dict[str, str]]:
    return iter(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
