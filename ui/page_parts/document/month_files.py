"""Lists of invoices as files: the months that they are of, their zone and currency."""

from datetime import date

from ui.address import Parameter
from ui.api.connection import api
from ui.export.buttons import WHOLE, Extent, show_files
from ui.parts.tables import Shown
from ui.period import Period, month_of

OF_DOCUMENT = Extent(narrowed_by=(Parameter.INVOICE,))
"""What one document consists of."""


def months(first: str, last: str) -> Period:
    """From the first day of one month, as `2026-10`, to the last day of another."""
    begins, ends = (date.fromisoformat(f"{month[:7]}-01") for month in (first, last))
    return Period(first=begins, until=month_of(ends).until)


def show_month_files(
    name: str,
    shown: Shown,
    *,
    month: str,
    currency: str,
    since: str | None = None,
    extent: Extent = WHOLE,
) -> None:
    """The rows on screen, of one month or of several."""
    show_files(
        name,
        shown,
        period=months(since or month, month),
        zone=api().health().zone,
        currency=currency,
        extent=extent,
    )
