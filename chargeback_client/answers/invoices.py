"""Answers about invoices.

Made from the OpenAPI document by `python -m chargeback.client_code`.
"""

from decimal import Decimal

from msgspec import Struct


class InvoiceConcern(Struct, frozen=True, kw_only=True):
    """Calls of a document without an amount or an owner."""

    concern: str
    charge_month: str
    subject: str
    name: str | None
    model: str
    calls: int
    estimate: Decimal | None
    basis: str


class InvoiceEntry(Struct, frozen=True, kw_only=True):
    """One invoice or statement of a list."""

    number: str
    kind: str
    month: str
    issued_at: str
    cost_centre: str | None
    subject: str | None
    name: str | None
    amount: Decimal
    amount_unrounded: Decimal
    currency: str
    lines: int


class InvoiceFile(Struct, frozen=True, kw_only=True):
    """One file of a document or a month."""

    name: str
    content_type: str
    bytes: int | None
    sha256: str | None


class InvoicePerson(Struct, frozen=True, kw_only=True):
    """What a document has of one person or service."""

    subject: str
    name: str | None
    lines: int
    amount: Decimal
    amount_unrounded: Decimal


class InvoiceSubtotal(Struct, frozen=True, kw_only=True):
    """The lines of one charge month."""

    charge_month: str
    kind: str
    lines: int
    amount: Decimal
    amount_unrounded: Decimal


class InvoiceUnitPrice(Struct, frozen=True, kw_only=True):
    """What is billed of one unit of a model at one list price."""

    unit: str
    quantity: int
    price: str


class RegroupedSubject(Struct, frozen=True, kw_only=True):
    """Billed days whose cost centre is another one today."""

    subject: str
    name: str | None
    first_day: str
    last_day: str
    billed: str | None
    today: str | None


class UnbilledMonth(Struct, frozen=True, kw_only=True):
    """A month before the look-back that changed."""

    month: str
    cells: int
    amount: Decimal


class InvoiceModel(Struct, frozen=True, kw_only=True):
    """What a document has of one model."""

    model: str
    lines: int
    amount: Decimal
    amount_unrounded: Decimal
    corrections_unrounded: Decimal
    prices: list[InvoiceUnitPrice]


class InvoiceMonth(Struct, frozen=True, kw_only=True):
    """One closed month."""

    month: str
    issued_at: str
    amount: Decimal
    amount_unrounded: Decimal
    currency: str
    invoices: int
    statements: int
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


class Invoices(Struct, frozen=True, kw_only=True):
    """Closed months and their documents, newest month first."""

    months: list[InvoiceMonth]
    data: list[InvoiceEntry]
    closed_months: list[str]


class InvoicePreview(Struct, frozen=True, kw_only=True):
    """An open month as a close would bill it now."""

    month: str
    open_months: list[str]
    taken_at: str
    amount: Decimal
    amount_unrounded: Decimal
    currency: str
    open_calls: int
    audit_problems: list[str]
    unread: list[str]
    dead_letters: int
    dead_letters_of_month: int
    dead_letters_complete: bool
    lost: int
    data: list[PreviewedInvoice]
    outside: list[UnbilledMonth]
    regrouped: list[RegroupedSubject]


class Invoice(Struct, frozen=True, kw_only=True):
    """One invoice or statement; its lines are in its files."""

    number: str
    kind: str
    month: str
    issued_at: str
    cost_centre: str | None
    subject: str | None
    name: str | None
    amount: Decimal
    amount_unrounded: Decimal
    currency: str
    lines: int
    notice: str
    zone: str
    period_start: str
    period_end: str
    calls: int
    people: list[InvoicePerson]
    models: list[InvoiceModel]
    subtotals: list[InvoiceSubtotal]
    uncharged: list[InvoiceConcern]
    files: list[InvoiceFile]
