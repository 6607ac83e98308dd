"""Two months of invoices next to each other, by cost centre."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ui.api.invoice_answers import InvoiceEntry, PreviewedInvoice


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


def compared(first: Mapping[str, Decimal], second: Mapping[str, Decimal]) -> list[OwnersMonths]:
    """The largest difference first."""
    rows = [
        OwnersMonths(owner=owner, first=first.get(owner), second=second.get(owner))
        for owner in sorted({*first, *second})
    ]
    return sorted(rows, key=lambda row: -abs(row.difference))
