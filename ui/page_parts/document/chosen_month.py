"""The closed month whose documents are listed, however old it is."""

from ui.address import Parameter
from ui.api.client import DocumentKind
from ui.api.connection import api
from ui.api.invoice_answers import Invoices
from ui.format import counted, month_name
from ui.parts.choosers import pick

NEWEST = "Newest"
"""Not one month: all that the API lists by itself."""


def of_chosen_month(newest: Invoices, kind: DocumentKind) -> Invoices:
    """The documents of the month that somebody chooses.

    Statements are listed month by month, since a company has one for each person. Invoices are
    those of the newest months until somebody chooses one.
    """
    listed = [each.month for each in newest.months]
    first = [NEWEST] if kind == "invoice" else listed[:1]

    def words(name: str) -> str:
        return f"Newest {counted(len(listed), 'month')}" if name == NEWEST else month_name(name)

    def why(name: str) -> str:
        return f"No {kind}s of {name} are here"

    names = dict.fromkeys((*first, *newest.every_month))
    chosen = pick(
        "Month", Parameter.MONTH, options={each: each for each in names}, words=words, why=why
    )
    if chosen in first:
        return newest
    return api().invoices(kind, month=chosen)
