"""The API's answers about invoices as typed values; see `answers`."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from msgspec import Struct


class InvoiceFile(Struct, frozen=True, kw_only=True):
    """A file to download; without a size it is rendered on request."""

    name: str
    content_type: str
    bytes: int | None


class InvoiceMonth(Struct, frozen=True, kw_only=True):
    """One closed month."""

    month: str
    issued_at: datetime
    amount: Decimal
    currency: str
    invoices: int
    statements: int
    files: list[InvoiceFile]


class InvoiceEntry(Struct, frozen=True, kw_only=True):
    """One invoice or statement."""

    number: str
    kind: Literal["invoice", "statement"]
    month: str
    issued_at: datetime
    cost_centre: str | None
    subject: str | None
    name: str | None
    amount: Decimal
    amount_unrounded: Decimal
    currency: str
    lines: int


class Invoices(Struct, frozen=True, kw_only=True):
    """Closed months and their documents, newest month first."""

    months: list[InvoiceMonth]
    data: list[InvoiceEntry]
    closed_months: list[str] = []
    """All of them; an API of an earlier release does not list them."""

    @property
    def every_month(self) -> list[str]:
        """Months that may be asked for, newest first."""
        return self.closed_months or [each.month for each in self.months]


class InvoiceSubtotal(Struct, frozen=True, kw_only=True):
    """The lines of one charge month."""

    charge_month: str
    kind: Literal["usage", "correction"]
    lines: int
    amount: Decimal
    amount_unrounded: Decimal


class InvoicePerson(Struct, frozen=True, kw_only=True):
    """What a document has of one person or service."""

    subject: str
    name: str | None
    lines: int
    amount: Decimal
    amount_unrounded: Decimal


class InvoiceUnitPrice(Struct, frozen=True, kw_only=True):
    """What is billed of one unit of a model at one list price."""

    unit: str
    quantity: int
    price: str


class InvoiceModel(Struct, frozen=True, kw_only=True):
    """What a document has of one model."""

    model: str
    lines: int
    amount: Decimal
    amount_unrounded: Decimal
    corrections_unrounded: Decimal = Decimal(0)
    """What of it is of earlier months; an API of an earlier release does not tell it apart."""
    prices: list[InvoiceUnitPrice]


class InvoiceConcern(Struct, frozen=True, kw_only=True):
    """Calls without an amount or an owner."""

    concern: Literal["unpriced", "no_usage", "failed", "pending", "unattributed", "excludes"]
    charge_month: str
    subject: str
    name: str | None
    model: str
    calls: int
    estimate: Decimal | None
    basis: str


class Invoice(InvoiceEntry, frozen=True, kw_only=True):
    """One document without its lines."""

    notice: str
    zone: str
    calls: int
    people: list[InvoicePerson]
    models: list[InvoiceModel]
    subtotals: list[InvoiceSubtotal]
    uncharged: list[InvoiceConcern]
    files: list[InvoiceFile]


class PreviewedInvoice(Struct, frozen=True, kw_only=True):
    """What a cost centre would be billed."""

    cost_centre: str | None
    amount: Decimal
    amount_unrounded: Decimal
    lines: int
    calls: int
    subtotals: list[InvoiceSubtotal]
    uncharged: list[InvoiceConcern]


class UnbilledMonth(Struct, frozen=True, kw_only=True):
    """A month before the look-back that changed."""

    month: str
    amount: Decimal


class RegroupedSubject(Struct, frozen=True, kw_only=True):
    """Billed days that belong to another cost centre today."""

    subject: str
    name: str | None
    first_day: str
    last_day: str
    billed: str | None
    today: str | None


class InvoicePreview(Struct, frozen=True, kw_only=True):
    """What closing an open month now would bill."""

    month: str
    open_months: list[str]
    taken_at: str
    amount: Decimal
    amount_unrounded: Decimal
    currency: str
    open_calls: int
    audit_problems: list[str]
    unread: list[str] = []
    dead_letters: int = 0
    dead_letters_of_month: int = 0
    dead_letters_complete: bool = True
    lost: int = 0
    data: list[PreviewedInvoice]
    outside: list[UnbilledMonth]
    regrouped: list[RegroupedSubject]
