"""Two amounts of two periods, in words."""

from decimal import Decimal

from ui.figures.unit_cost import AMOUNT_PLACES
from ui.format import NO_BREAK, amount, days, minus, percent
from ui.period import Period

SMALLEST_SHOWN = Decimal("0.1")
"""Per cent."""


NOTHING_CHARGED = "nothing was charged"


def change_words(
    now: Decimal,
    then: Decimal,
    *,
    currency: str,
    compared: Period,
    nothing: str = NOTHING_CHARGED,
) -> str:
    """ "2.10 USD more (+20 %) than on 1–30 Oct 2026". `nothing` says why there was no charge then:
    nothing now is as much as nothing then, and not as what nobody knows.
    """
    than = days(compared.first, compared.last)
    if now == then == 0 and nothing != NOTHING_CHARGED:
        return f"compared with {than}, when {nothing}"
    if now == then:
        return f"as much as on {than}"
    word = "more" if now > then else "less"
    by = amount(abs(now - then), currency)
    if not then:
        return f"{by} {word} than on {than}, when {nothing}"
    return f"{by} {word} ({percent_change(now, then)}) than on {than}"


def percent_change(now: Decimal, then: Decimal) -> str:
    """+20 %; a dash without an earlier amount. What changed is never 0.0 %: the amount next to it
    says in which direction. What is left of the earlier amount is never −100 %.
    """
    if not then:
        return "—"
    change = 100 * (now - then) / then
    if abs(change) < SMALLEST_SHOWN:
        return f"<{NO_BREAK}0.1{NO_BREAK}%" if change else f"0{NO_BREAK}%"
    text = f"{change:+,.0f}" if abs(change) >= 1 else f"{change:+.1f}"
    if text == "-100" and now:
        return percent(change).replace(" ", NO_BREAK)
    return f"{minus(text)}{NO_BREAK}%"


def change_of(now: Decimal | None, then: Decimal | None) -> Decimal | None:
    """A part of the change of the whole: calls without a price are in no charge, then and now.

    None where neither period has a charge and one has such calls: nothing known has changed.
    """
    if (now is None or then is None) and not (now or then):
        return None
    return (now or Decimal(0)) - (then or Decimal(0))


def share_of(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """A charge in per cent of another; None where nobody knows it."""
    return 100 * part / whole if part is not None and whole else None


def per_day(charge: Decimal | None, active_days: int) -> Decimal | None:
    """What a day with calls costs on average, as fine as the ledger's amounts."""
    if charge is None or not active_days:
        return None
    return round(charge / active_days, AMOUNT_PLACES)
