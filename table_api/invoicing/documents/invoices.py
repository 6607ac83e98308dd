"""From a snapshot to its invoices and statements. Pure: the same snapshot, the same documents.

The one rounding is here. The lines of a charge month are rounded together, so that over all
invoices a month's lines for a cost centre add up to the rounding of what the ledger holds.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pricing_rules.money import format_pico, parse_pico
from table_api.invoicing.documents.document import Document, Kind, Line, Subtotal, Totals, Uncharged
from table_api.invoicing.documents.groups import Group, groups_of
from table_api.invoicing.documents.minor_units import (
    apportion,
    format_minor,
    pico_per_minor,
    rounded,
)
from table_api.invoicing.documents.uncharged import Estimator, uncharged_of
from table_api.invoicing.documents.unit_lines import ExactLine, correction_lines, usage_lines
from table_api.invoicing.snapshots.snapshot import Snapshot

STATEMENT_DIGITS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedLine:
    """A line and its share of the rounded subtotal, in minor units."""

    exact: ExactLine
    minor: int
    corrects: str | None = None
    """The invoice that a correction amends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sheet:
    """What differs from document to document."""

    kind: Kind
    number: str
    owner: str | None
    """Cost centre of an invoice, subject of a statement."""
    lines: Sequence[Line]
    uncharged: Sequence[Uncharged]
    calls: int


def statement_number(snapshot: Snapshot, index: int) -> str:
    """`ST-202611-00001`: gapless within the month."""
    return f"ST-{snapshot.month.replace('-', '')}-{index + 1:0{STATEMENT_DIGITS}d}"


def invoices_of(snapshot: Snapshot, snapshot_sha256: str) -> list[Document]:
    """The invoices of a snapshot in the order of their numbers."""
    estimator = Estimator(snapshot)
    return [
        _document(snapshot, snapshot_sha256, _invoice(snapshot, group, estimator))
        for group in groups_of(snapshot)
    ]


def statements_of(invoices: Sequence[Document], snapshot: Snapshot) -> list[Document]:
    """One per subject on any of the invoices, in the order of the subjects.

    A statement repeats lines as they were rounded on their invoices, so both add up alike.
    """
    lines: dict[str, list[Line]] = {}
    uncharged: dict[str, list[Uncharged]] = {}
    for invoice in invoices:
        for line in invoice.lines:
            lines.setdefault(line.subject, []).append(line)
        for entry in invoice.uncharged:
            uncharged.setdefault(entry.subject, []).append(entry)
    calls = Counter[str]()
    for cell in snapshot.cells:
        calls[str(cell.facts["subject"])] += int(cell.additive["calls"])
    sheets = [
        _Sheet(
            kind="statement",
            number=statement_number(snapshot, index),
            owner=subject,
            lines=lines.get(subject, []),
            uncharged=uncharged.get(subject, []),
            calls=calls[subject],
        )
        for index, subject in enumerate(sorted({*lines, *uncharged}))
    ]
    return [_document(snapshot, invoices[0].snapshot_sha256, sheet) for sheet in sheets]


def rounded_lines(snapshot: Snapshot, group: Group) -> list[RoundedLine]:
    """The lines of one invoice: the closed month's usage, then corrections by month."""
    layer, currency = snapshot.layer, snapshot.billing_currency
    usage = usage_lines(group.cells, snapshot.month)
    total = rounded(sum(line.billed(layer) for line in usage), currency)
    lines = list(_apportioned(usage, total, snapshot, corrects=None))
    for correction in group.corrections:
        exact = correction_lines(correction.cells, correction.month)
        after = correction.before + sum(line.billed(layer) for line in exact)
        total = rounded(after, currency) - rounded(correction.before, currency)
        lines += _apportioned(exact, total, snapshot, corrects=correction.invoice)
    return lines


def _apportioned(
    exact: Sequence[ExactLine], total: int, snapshot: Snapshot, *, corrects: str | None
) -> Iterable[RoundedLine]:
    amounts = [line.billed(snapshot.layer) for line in exact]
    shares = apportion(total, amounts, snapshot.billing_currency)
    for line, share in zip(exact, shares, strict=True):
        yield RoundedLine(exact=line, minor=share, corrects=corrects)


def _invoice(snapshot: Snapshot, group: Group, estimator: Estimator) -> _Sheet:
    return _Sheet(
        kind="invoice",
        number=group.number,
        owner=group.cost_centre,
        lines=[
            _line(line, position + 1, group.number, snapshot)
            for position, line in enumerate(rounded_lines(snapshot, group))
        ],
        uncharged=uncharged_of(group, snapshot.month, estimator),
        calls=sum(int(cell.additive["calls"]) for cell in group.cells),
    )


def _line(line: RoundedLine, position: int, invoice: str, snapshot: Snapshot) -> Line:
    key, amounts = line.exact.key, line.exact.amounts
    return Line(
        number=position,
        invoice=invoice,
        kind="usage" if key.charge_day is None else "correction",
        charge_month=key.charge_month,
        charge_day=key.charge_day,
        corrects=line.corrects,
        subject=key.subject,
        model=key.model,
        line=key.line,
        unit=key.unit.value,
        facts=dict(line.exact.facts),
        quantity=line.exact.quantity,
        list=format_pico(amounts["list"]),
        contracted=format_pico(amounts["contracted"]),
        charge=format_pico(amounts["charge"]),
        amount_unrounded=format_pico(amounts[snapshot.layer]),
        amount=format_minor(line.minor, snapshot.billing_currency),
    )


def _document(snapshot: Snapshot, snapshot_sha256: str, sheet: _Sheet) -> Document:
    return Document(
        kind=sheet.kind,
        number=sheet.number,
        month=snapshot.month,
        period_start=snapshot.period_start,
        period_end=snapshot.period_end,
        zone=snapshot.zone,
        issued_at=snapshot.taken_at,
        issuer=snapshot.issuer,
        cost_centre=sheet.owner if sheet.kind == "invoice" else None,
        subject=sheet.owner if sheet.kind == "statement" else None,
        currency=snapshot.billing_currency,
        pricing_currency=snapshot.pricing_currency,
        snapshot_sha256=snapshot_sha256,
        subtotals=tuple(_subtotals(sheet.lines, snapshot.billing_currency)),
        totals=_totals(sheet.lines, sheet.calls, snapshot.billing_currency),
        lines=tuple(sheet.lines),
        uncharged=tuple(sheet.uncharged),
    )


def _subtotals(lines: Sequence[Line], currency: str) -> Iterable[Subtotal]:
    of_month: dict[str, list[Line]] = {}
    for line in lines:
        of_month.setdefault(line.charge_month, []).append(line)
    for month, own in of_month.items():
        yield Subtotal(
            charge_month=month,
            kind=own[0].kind,
            lines=len(own),
            amount_unrounded=format_pico(sum(parse_pico(line.amount_unrounded) for line in own)),
            amount=_sum_of_amounts(own, currency),
        )


def _totals(lines: Sequence[Line], calls: int, currency: str) -> Totals:
    def total(column: Callable[[Line], str]) -> str:
        return format_pico(sum(parse_pico(column(line)) for line in lines))

    return Totals(
        calls=calls,
        list=total(lambda line: line.list),
        contracted=total(lambda line: line.contracted),
        charge=total(lambda line: line.charge),
        amount_unrounded=total(lambda line: line.amount_unrounded),
        amount=_sum_of_amounts(lines, currency),
    )


def _sum_of_amounts(lines: Iterable[Line], currency: str) -> str:
    pico = sum(parse_pico(line.amount) for line in lines)
    return format_minor(pico // pico_per_minor(currency), currency)
