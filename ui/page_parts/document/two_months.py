"""Two months of invoices next to each other, by cost centre."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.invoice_answers import InvoiceEntry, PreviewedInvoice
from ui.format import month_name

OPEN = " (open)"


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledMonth:
    """What each cost centre was billed in a month, or would be in an open one."""

    month: str
    is_open: bool
    currency: str
    amounts: Mapping[str, Decimal]

    @property
    def name(self) -> str:
        return month_name(self.month) + (OPEN if self.is_open else "")

    @property
    def paid(self) -> str:
        return f"{sum(self.amounts.values(), Decimal(0)):,f} {self.currency}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnersMonths:
    """What one cost centre was billed in each month; None where it had no invoice."""

    owner: str
    first: Decimal | None
    second: Decimal | None

    @property
    def difference(self) -> Decimal:
        return (self.second or Decimal(0)) - (self.first or Decimal(0))


def amounts_of(invoices: Sequence[InvoiceEntry] | Sequence[PreviewedInvoice]) -> dict[str, Decimal]:
    """The amount by cost centre."""
    return {invoice.owner: invoice.amount for invoice in invoices}


def months_against(second: str, names: Sequence[str], seen: Sequence[str]) -> list[str]:
    """Months that another one can be compared with: those before it come first, and of them those
    of which the caller has an invoice.
    """
    others = [name for name in names if name != second]
    before = [name for name in others if name < second and name in seen]
    return list(dict.fromkeys([*before, *others]))


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
    rows = compared(first.amounts, second.amounts)
    total = sum((row.difference for row in rows), Decimal(0))
    if not total:
        return f"{paid}, which is as much as {first.name}."
    word = "more" if total > 0 else "less"
    return f"{paid}, which is {abs(total):,f} {second.currency} {word} than {first.name}."
