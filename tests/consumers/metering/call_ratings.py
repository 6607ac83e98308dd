"""Rating for tests: the tests' book, their time zone, and the people of a storage."""

from consumers.metering.call_rating import CallRating
from table_api.ledger.billing_calendar import BillingCalendar, zone_transitions
from table_api.people.people import People
from table_api.storage.table_storage import TableStorage
from tests.fixtures.calls import NOW, SETTINGS, book


def rating(storage: TableStorage) -> CallRating:
    calendar = BillingCalendar(SETTINGS.zone, zone_transitions(SETTINGS.zone, NOW.year + 2))
    return CallRating(book(), People(storage, now=lambda: NOW), calendar)
