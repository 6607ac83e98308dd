"""From a snapshot to its invoices and statements. Pure: the same snapshot, the same documents.

The one rounding is here. The lines of a charge month are rounded together, so that over all
invoices a month's lines for a cost centre add up to the rounding of what the ledger holds. The
cents go to people first and then to each person's lines: a statement adds up to its own rounding.
Everything is added up as integers: `document_of` makes the text, last.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pricing_rules.money import format_pico
from table_api.invoicing.documents.document import (
    Document,
    Kind,
    Line,
    LineKind,
    Subtotal,
    Totals,
    Uncharged,
)
from table_api.invoicing.documents.groups import Group, groups_of
from table_api.invoicing.documents.minor_units import (
    apportion,
    apportion_in_groups,
    format_minor,
    rounded,
)
from table_api.invoicing.documents.uncharged import Estimator, uncharged_of
from table_api.invoicing.documents.unit_lines import (
    ExactLine,
    LineKey,
    correction_lines,
    usage_lines,
)
from table_api.invoicing.snapshots.snapshot import Snapshot

STATEMENT_DIGITS = 5
CENTS_BY_PERSON_SINCE = 3
"""Rules of a snapshot by which a person's lines add up to the rounding of the person's sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundedLine:
    """A line of an invoice, and its share of the rounded subtotal."""

    exact: ExactLine
    minor: int
    """In minor units of the billing currency."""
    invoice: str
    number: int
    """From 1 on its invoice."""
    corrects: str | None
    """The invoice that a correction amends."""

    @property
    def key(self) -> LineKey:
        return self.exact.key

    @property
    def kind(self) -> LineKind:
        return "usage" if self.key.charge_day is None else "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """An invoice or a statement before it is written."""

    kind: Kind
    number: str
    owner: str | None
    """Cost centre of an invoice, subject of a statement."""
    lines: Sequence[RoundedLine]
    uncharged: Sequence[Uncharged]
    calls: int


def invoice_sheets(snapshot: Snapshot) -> list[Sheet]:
    """The invoices of a snapshot in the order of their numbers."""
    estimator = Estimator(snapshot)
    return [
        Sheet(
            kind="invoice",
            number=group.number,
            owner=group.cost_centre,
            lines=rounded_lines(snapshot, group),
            uncharged=uncharged_of(group, snapshot, estimator),
            calls=sum(int(cell.additive["calls"]) for cell in group.cells),
        )
        for group in groups_of(snapshot)
    ]


def statement_sheets(snapshot: Snapshot, invoices: Sequence[Sheet]) -> list[Sheet]:
    """One per subject on any of the invoices, in the order of the subjects.

    A statement repeats lines as they were rounded on their invoices, so both add up alike.
    """
    lines: dict[str, list[RoundedLine]] = {}
    uncharged: dict[str, list[Uncharged]] = {}
    for invoice in invoices:
        for line in invoice.lines:
            lines.setdefault(line.key.subject, []).append(line)
        for entry in invoice.uncharged:
            uncharged.setdefault(entry.subject, []).append(entry)
    calls = Counter[str]()
    for cell in snapshot.cells:
        calls[str(cell.facts["subject"])] += int(cell.additive["calls"])
    return [
        Sheet(
            kind="statement",
            number=statement_number(snapshot, index),
            owner=subject,
            lines=lines.get(subject, []),
            uncharged=uncharged.get(subject, []),
            calls=calls[subject],
        )
        for index, subject in enumerate(sorted({*lines, *uncharged}))
    ]


def statement_number(snapshot: Snapshot, index: int) -> str:
    """`ST-202611-00001`: gapless within the month."""
    return f"ST-{snapshot.month.replace('-', '')}-{index + 1:0{STATEMENT_DIGITS}d}"


def rounded_lines(snapshot: Snapshot, group: Group) -> list[RoundedLine]:
    """The lines of one invoice: the closed month's usage, then corrections by month."""
    layer, currency = snapshot.layer, snapshot.billing_currency
    lines: list[RoundedLine] = []
    for exact, due, corrects in _parts(snapshot, group):
        amounts = [line.billed(layer) for line in exact]
        people = [line.key.subject for line in exact]
        if snapshot.rules >= CENTS_BY_PERSON_SINCE:
            shares = apportion_in_groups(due, amounts, people, currency)
        else:
            shares = apportion(due, amounts, currency)
        for line, share in zip(exact, shares, strict=True):
            lines.append(
                RoundedLine(
                    exact=line,
                    minor=share,
                    invoice=group.number,
                    number=len(lines) + 1,
                    corrects=corrects,
                )
            )
    return lines


def _parts(
    snapshot: Snapshot, group: Group
) -> Iterator[tuple[Sequence[ExactLine], int, str | None]]:
    """Of each charge month: its lines, the minor units due, the invoice that it corrects."""
    layer, currency = snapshot.layer, snapshot.billing_currency
    usage = usage_lines(group.cells, snapshot.month, snapshot.rules)
    yield usage, rounded(sum(line.billed(layer) for line in usage), currency), None
    for correction in group.corrections:
        changes = correction_lines(correction.cells, correction.month, snapshot.rules)
        after = correction.before + sum(line.billed(layer) for line in changes)
        due = rounded(after, currency) - rounded(correction.before, currency)
        yield changes, due, correction.invoice


def exact_sum(lines: Iterable[RoundedLine], layer: str) -> str:
    """The unrounded amounts of a layer, added up, as a document writes them."""
    return format_pico(sum(line.exact.amounts[layer] for line in lines))


def rounded_sum(lines: Iterable[RoundedLine], currency: str) -> str:
    """The rounded amounts, added up, as a document writes them."""
    return format_minor(sum(line.minor for line in lines), currency)


def document_of(sheet: Sheet, snapshot: Snapshot, snapshot_sha256: str) -> Document:
    """The sheet as it is stored."""
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
        subtotals=tuple(_subtotals(sheet.lines, snapshot)),
        totals=_totals(sheet, snapshot),
        lines=tuple(_line(line, snapshot) for line in sheet.lines),
        uncharged=tuple(sheet.uncharged),
    )


def _line(line: RoundedLine, snapshot: Snapshot) -> Line:
    key, amounts = line.key, line.exact.amounts
    return Line(
        number=line.number,
        invoice=line.invoice,
        kind=line.kind,
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


def _subtotals(lines: Sequence[RoundedLine], snapshot: Snapshot) -> Iterator[Subtotal]:
    of_month: dict[str, list[RoundedLine]] = {}
    for line in lines:
        of_month.setdefault(line.key.charge_month, []).append(line)
    for month, own in of_month.items():
        yield Subtotal(
            charge_month=month,
            kind=own[0].kind,
            lines=len(own),
            amount_unrounded=exact_sum(own, snapshot.layer),
            amount=rounded_sum(own, snapshot.billing_currency),
        )


def _totals(sheet: Sheet, snapshot: Snapshot) -> Totals:
    return Totals(
        calls=sheet.calls,
        list=exact_sum(sheet.lines, "list"),
        contracted=exact_sum(sheet.lines, "contracted"),
        charge=exact_sum(sheet.lines, "charge"),
        amount_unrounded=exact_sum(sheet.lines, snapshot.layer),
        amount=rounded_sum(sheet.lines, snapshot.billing_currency),
    )
