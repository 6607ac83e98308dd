"""The answers of the API about invoices; docs/api.md says what each field means."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from table_api.http_api.conventions.models import Money


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InvoiceFile(Answer):
    """One file of a document or a month."""

    name: str
    content_type: str
    bytes: int | None
    """None for a file that is rendered when it is asked for."""
    sha256: str | None


class InvoiceEntry(Answer):
    """One invoice or statement of a list."""

    number: str
    kind: Literal["invoice", "statement"]
    month: str
    issued_at: str
    cost_centre: str | None
    subject: str | None
    name: str | None
    amount: Money
    amount_unrounded: Money
    currency: str
    lines: int


class InvoiceMonth(Answer):
    """One closed month."""

    month: str
    issued_at: str
    amount: Money
    amount_unrounded: Money
    currency: str
    invoices: int
    statements: int
    files: list[InvoiceFile]


class Invoices(Answer):
    """Closed months and their documents, newest month first."""

    months: list[InvoiceMonth]
    data: list[InvoiceEntry]
    closed_months: list[str]


class InvoiceSubtotal(Answer):
    """The lines of one charge month."""

    charge_month: str
    kind: Literal["usage", "correction"]
    lines: int
    amount: Money
    amount_unrounded: Money


class InvoiceConcern(Answer):
    """Calls of a document without an amount or an owner."""

    concern: Literal["unpriced", "no_usage", "failed", "pending", "unattributed", "excludes"]
    charge_month: str
    subject: str
    name: str | None
    model: str
    calls: int
    estimate: Money | None
    basis: str


class PreviewedInvoice(Answer):
    """What a cost centre would be billed."""

    cost_centre: str | None
    amount: Money
    amount_unrounded: Money
    lines: int
    calls: int
    subtotals: list[InvoiceSubtotal]
    uncharged: list[InvoiceConcern]


class UnbilledMonth(Answer):
    """A month before the look-back that changed."""

    month: str
    cells: int
    amount: Money


class RegroupedSubject(Answer):
    """Billed days whose cost centre is another one today."""

    subject: str
    name: str | None
    first_day: str
    last_day: str
    billed: str | None
    today: str | None


class InvoicePreview(Answer):
    """An open month as a close would bill it now."""

    month: str
    open_months: list[str]
    taken_at: str
    amount: Money
    amount_unrounded: Money
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


class InvoicePerson(Answer):
    """What a document has of one person or service."""

    subject: str
    name: str | None
    lines: int
    amount: Money
    amount_unrounded: Money


class InvoiceUnitPrice(Answer):
    """What is billed of one unit of a model at one list price."""

    unit: str
    quantity: int
    price: str


class InvoiceModel(Answer):
    """What a document has of one model."""

    model: str
    lines: int
    amount: Money
    amount_unrounded: Money
    corrections_unrounded: Money
    """What of it is of earlier months: no list price is behind it."""
    prices: list[InvoiceUnitPrice]


class Invoice(InvoiceEntry):
    """One invoice or statement; its lines are in its files."""

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
