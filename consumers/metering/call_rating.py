"""Rating as metering does it: one book, and each subject's cost centre on the charge day."""

from pricing_rules.engine.rating import rate
from pricing_rules.price_book.book import Book
from pricing_rules.types import UsageEvent
from table_api.ledger.billing_calendar import BillingCalendar
from table_api.ledger.posting import MeteredCall, Origin
from table_api.people.people import People, PeopleDirectory

PEOPLE_AGE_S_MAX = 60
"""An import of people counts after so many seconds for calls that are rated from then on; older
calls keep what they were rated with until a re-rating run."""


class CallRating:
    """Rates calls. The names of people stay in their table: only a cost centre is looked up."""

    def __init__(self, book: Book, people: People, calendar: BillingCalendar) -> None:
        self._book = book
        self._people = people
        self._calendar = calendar
        self._directory = PeopleDirectory(())

    async def refresh(self) -> None:
        """Read people again when they are old. To be called before a batch is rated: the last
        batch may be hours ago.
        """
        self._directory = await self._people.directory()

    def rate(self, event: UsageEvent, origin: Origin) -> MeteredCall:
        """Does no I/O and raises on no event."""
        cost_centre = self._directory.cost_centre(event.subject, self._calendar.day(event.time))
        return MeteredCall(
            priced=rate(event, self._book, cost_centre), origin=origin, cost_centre=cost_centre
        )
