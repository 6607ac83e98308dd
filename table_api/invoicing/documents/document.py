"""The form of an invoice and a statement: what the JSON document holds. No rule stands here.

Amounts are exact decimal strings: `amount` in whole minor units, all others unrounded.
"""

from typing import Literal

import msgspec

from table_api.errors import Altered

SCHEMA = "llm-chargeback/invoice/1"
NOTICE = "Internal charge-back statement, not a tax invoice"

Kind = Literal["invoice", "statement"]
LineKind = Literal["usage", "correction"]
Concern = Literal["unpriced", "no_usage", "failed", "pending", "unattributed", "excludes"]


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a document."""


class Line(_Part, frozen=True, kw_only=True):
    """One subject, model, line and unit."""

    number: int
    """From 1 on its invoice, where a statement repeats it."""
    invoice: str
    kind: LineKind
    charge_month: str
    charge_day: str | None
    """Of a correction: the day in the billing zone whose calls it corrects."""
    corrects: str | None
    """The invoice that billed the month to this cost centre; None where there was none."""
    subject: str
    model: str
    line: str
    unit: str
    facts: dict[str, str]
    """deployment, region, base rule and so on, as far as the ledger has them."""
    quantity: int
    list: str
    """At list price, in the pricing currency."""
    contracted: str
    """After negotiated discounts, in the pricing currency."""
    charge: str
    """After mark-ups, in the pricing currency."""
    amount_unrounded: str
    """In the billing currency."""
    amount: str
    """In the billing currency, whole minor units; the lines add up to the total."""


class Uncharged(_Part, frozen=True, kw_only=True):
    """Calls that have no amount or no owner, or whose cost leaves something out."""

    concern: Concern
    charge_month: str
    subject: str
    model: str
    deployment: str | None
    calls: int
    """Negative in a later month, where such calls were settled meanwhile; 0 where only their
    quantities changed."""
    quantities: dict[str, int]
    estimate: str | None
    """In the billing currency and in no total; None when nothing comparable was priced."""
    basis: str
    """What the estimate stands on, or where the amount stands."""


class Subtotal(_Part, frozen=True, kw_only=True):
    """The lines of one charge month."""

    charge_month: str
    kind: LineKind
    lines: int
    amount_unrounded: str
    amount: str


class Totals(_Part, frozen=True, kw_only=True):
    """Over all lines."""

    calls: int
    """Calls of the closed month; corrections change amounts, seldom calls."""
    list: str
    contracted: str
    charge: str
    amount_unrounded: str
    amount: str


class Document(_Part, frozen=True, kw_only=True):
    """An invoice of a cost centre, or a statement of a subject."""

    schema: str = SCHEMA
    kind: Kind
    number: str
    notice: str = NOTICE
    month: str
    period_start: str
    period_end: str
    zone: str
    issued_at: str
    issuer: str
    cost_centre: str | None
    """Of an invoice; None where nobody said who pays."""
    subject: str | None
    """Of a statement."""
    currency: str
    pricing_currency: str
    snapshot_sha256: str
    subtotals: tuple[Subtotal, ...]
    totals: Totals
    lines: tuple[Line, ...]
    uncharged: tuple[Uncharged, ...]


_decoder = msgspec.json.Decoder(Document)


def encode_document(document: Document) -> bytes:
    """Canonical bytes: sorted keys, indented for people."""
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=1) + b"\n"


def decode_document(content: bytes, name: str) -> Document:
    """The document of these bytes; Altered when they are not one."""
    try:
        return _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Altered(f"{name} is not an invoice document: {error}") from error
