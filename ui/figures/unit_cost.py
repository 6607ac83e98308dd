"""What a million tokens cost in fact."""

from decimal import Decimal

from ui.api.usage_answers import Totals
from ui.figures.units import tokens

MILLION = 1_000_000
AMOUNT_PLACES = 12
"""Decimals of the ledger's amounts: a quotient has no more, in no file and no tip."""


def per_million(totals: Totals) -> Decimal | None:
    """Charge per million tokens of every kind, rounded; None where it lacks some of the calls."""
    used = tokens(totals.units)
    lacking = totals.unpriced_calls or totals.excluding_calls or totals.pending_calls
    if totals.charge is None or lacking or not used:
        return None
    return round(totals.charge * MILLION / used, AMOUNT_PLACES)
