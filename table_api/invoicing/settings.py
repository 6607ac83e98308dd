"""What an operator chooses about invoices. A close keeps what it used in its snapshot."""

from dataclasses import dataclass

CONTAINER = "invoices"
"""The blob container of closed months."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicingSettings:
    """Settings of the close."""

    issuer: str = "Platform team"
    """Who bills: the internal seller's name on every document."""
    prefix: str = "INV"
    """What invoice numbers start with; `ST` statements have the same behind theirs."""
    look_back_months: int = 13
    """How many months before the closed one are corrected."""
    open_calls_max: int = 1_000
    """More calls that wait for their usage refuse the close."""
    dead_letters_max: int = 1_000
    """More open dead letters of the month refuse the close."""
    without_pairing: bool = False
    """Pairing never runs here: a close does not ask whether it has read the hubs."""


DEFAULT_INVOICING = InvoicingSettings()
