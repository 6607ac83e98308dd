"""Two months of invoices next to each other, by cost centre."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from ui.api.invoice_answers import Invoice, InvoiceEntry, PreviewedInvoice
from ui.format import billed, month_name
from ui.page_parts.document.owners import owner_of

OPEN = " (open)"


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledMonth:
    """What each cost centre was billed in a month, or would be in an open one."""

    month: str
    is_open: bool
    currency: str
    amounts: Mapping[str, Decimal]
    corrections: Mapping[str, Decimal] | None = field(default_factory=dict)
    """What the amounts have of earlier months; None where the documents were not read."""

    @property
    def name(self) -> str:
        return month_name(self.month) + (OPEN if self.is_open else "")

    @property
    def paid(self) -> str:
        return billed(total_of(self.amounts), self.currency)

    @property
    def corrected(self) -> str:
        """ "−53.34 USD in October 2026"."""
        return f"{billed(total_of(self.corrections or {}), self.currency)} in {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersMonths:
    """What one cost centre was billed in each month; None where it had no invoice."""

    owner: str
    first: Decimal | None
    second: Decimal | None

    @property
    def difference(self) -> Decimal:
        nothing = Decimal(0)
        first, second = (nothing if each is None else each for each in (self.first, self.second))
        return second - first


def amounts_of(invoices: Sequence[InvoiceEntry] | Sequence[PreviewedInvoice]) -> dict[str, Decimal]:
    """The amount by cost centre."""
    return {owner_of(invoice): invoice.amount for invoice in invoices}


def corrections_of(invoices: Sequence[Invoice] | Sequence[PreviewedInvoice]) -> dict[str, Decimal]:
    """What is of earlier months, by the cost centres that have such."""
    parts = [
        (
            owner_of(invoice),
            [part.amount for part in invoice.subtotals if part.kind == "correction"],
        )
        for invoice in invoices
    ]
    return {owner: sum(amounts, Decimal(0)) for owner, amounts in parts if amounts}


def total_of(amounts: Mapping[str, Decimal]) -> Decimal:
    return sum(amounts.values(), Decimal(0))


def months_against(second: str, names: Sequence[str]) -> list[str]:
    """Months that another one can be compared with: those before it come first."""
    others = [name for name in names if name != second]
    return sorted(others, key=lambda name: name > second)


def compared(first: Mapping[str, Decimal], second: Mapping[str, Decimal]) -> list[OwnersMonths]:
    """The largest difference first."""
    rows = [
        OwnersMonths(owner=owner, first=first.get(owner), second=second.get(owner))
        for owner in sorted({*first, *second})
    ]
    return sorted(rows, key=lambda row: -abs(row.difference))


def sentence(first: BilledMonth, second: BilledMonth) -> str:
    """What the second month came to, next to the first, as Markdown."""
    paid = f"**{second.name}: {second.paid}**"
    if first.currency != second.currency:
        return (
            f"{paid}; {first.name}: {first.paid}. Amounts of two currencies cannot be subtracted."
        )
    total = total_of(second.amounts) - total_of(first.amounts)
    change = change_words(total, second.currency, as_much="as much as", than="than")
    return f"{paid}, which is {change} {first.name}.{_without_corrections(first, second)}"


def change_words(change: Decimal, currency: str, *, as_much: str, than: str = "") -> str:
    if not change:
        return as_much
    by = billed(abs(change), currency)
    return f"{by} {'more' if change > 0 else 'less'} {than}".strip()


def _without_corrections(first: BilledMonth, second: BilledMonth) -> str:
    """What was used, where an amount has credits or late calls of other months too."""
    if first.corrections is None or second.corrections is None:
        return " Either amount may have corrections of earlier months."
    corrected = [month.corrected for month in (first, second) if month.corrections]
    if not corrected:
        return ""
    change = (total_of(second.amounts) - total_of(second.corrections)) - (
        total_of(first.amounts) - total_of(first.corrections)
    )
    used = change_words(change, second.currency, as_much="as much")
    return f" Without corrections of earlier months ({', '.join(corrected)}) it is {used}."
