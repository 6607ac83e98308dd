"""What an operator chooses about invoices. A close keeps what it used in its snapshot."""

from collections.abc import Mapping
from dataclasses import dataclass

from table_api.errors import SettingsError

CONTAINER = "invoices"
LOOK_BACK_MONTHS = 13
OPEN_CALLS_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicingSettings:
    """Settings of the close."""

    issuer: str = "Platform team"
    """Who bills: the internal seller's name on every document."""
    prefix: str = "INV"
    """What invoice numbers start with; `ST` statements have the same behind theirs."""
    look_back_months: int = LOOK_BACK_MONTHS
    """How many months before the closed one are corrected."""
    open_calls_max: int = OPEN_CALLS_MAX
    """More calls that wait for their usage refuse the close."""


def invoicing_settings(environment: Mapping[str, str]) -> InvoicingSettings:
    """From INVOICE_* variables; SettingsError names what is wrong."""
    issuer = environment.get("INVOICE_ISSUER") or "Platform team"
    prefix = environment.get("INVOICE_PREFIX") or "INV"
    if not (prefix.isascii() and prefix.isalnum() and prefix.isupper() and len(prefix) <= 10):
        raise SettingsError(
            f"INVOICE_PREFIX {prefix!r} is not 1 to 10 capital letters and digits, as in INV"
        )
    return InvoicingSettings(
        issuer=issuer,
        prefix=prefix,
        look_back_months=_number(environment, "INVOICE_LOOK_BACK_MONTHS", LOOK_BACK_MONTHS),
        open_calls_max=_number(environment, "INVOICE_OPEN_CALLS_MAX", OPEN_CALLS_MAX),
    )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name) or str(default)
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} {text!r} is not a whole number")
    return int(text)
