"""Opens what metering needs: the ledger, the archive of books, people."""

from consumers.log_actions import Action
from consumers.metering.call_rating import PEOPLE_AGE_S_MAX, CallRating
from consumers.metering.counted_once import CountedOnce
from consumers.metering.metering import Metering, Poster
from consumers.running.clients import Clients
from consumers.settings import Settings
from pricing_rules.price_book.book import Book
from table_api.consumer_state.raw_usage import RawUsage
from table_api.ledger.meta import LedgerSettings, read_ledger_meta, read_meta
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.open_calls.counted_calls import CountedCalls
from table_api.people.people import People
from table_api.prices.price_list import PriceList
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.timestamp import now_utc
from telemetry.log import Log

_log = Log("consumers")


def ledger_settings(settings: Settings) -> LedgerSettings:
    """What the ledger must have been made with."""
    return LedgerSettings(
        zone=settings.billing_time_zone,
        pricing_currency=settings.pricing_currency,
        billing_currency=settings.billing_currency,
        shards=settings.ledger_shards,
    )


def check_currencies(book: Book, ledger: ProjectedLedger) -> None:
    """LedgerMismatch for a book of other currencies: it would price calls that nobody can add up.

    To be called before a book rates the first call.
    """
    ledger.meta.settings.check_currencies(
        "the book", pricing=book.pricing_currency, billing=book.billing_currency
    )


async def open_ledger(clients: Clients, settings: Settings) -> ProjectedLedger:
    """The ledger with the archive of its books. LedgerMismatch when settings differ."""
    return await ProjectedLedger.open(
        clients.tables, ledger_settings(settings), now=now_utc, books=clients.price_books
    )


async def standing_ledger(clients: Clients, settings: Settings) -> ProjectedLedger:
    """The same for verbs that only look or correct: NoLedger where none was made yet."""
    await read_ledger_meta(clients.tables)
    return await open_ledger(clients, settings)


async def ledger_to_look_at(clients: Clients, settings: Settings) -> ProjectedLedger:
    """For a verb that writes nothing: where there is no ledger, an empty one in memory."""
    if await read_meta(clients.tables) is None:
        return await ProjectedLedger.open(
            MemoryTableStorage(), ledger_settings(settings), now=now_utc
        )
    return await open_ledger(clients, settings)


async def open_metering(
    clients: Clients,
    settings: Settings,
    book: Book,
    *,
    project_at_once: bool = True,
    counted: CountedCalls | None = None,
) -> Metering:
    """The book is in the archive before the first call is rated with it.

    Without `project_at_once`, `monthly` is brought up when the position is saved. With `counted`,
    events that pairing may have forgotten are looked up before they are posted.
    """
    projected = await open_ledger(clients, settings)
    check_currencies(book, projected)
    ledger: Poster = projected if project_at_once else projected.ledger
    if counted is not None:
        ledger = CountedOnce(ledger, projected, counted)
    await clients.price_books.keep(book)
    prices = PriceList(clients.tables)
    if edited := await prices.edited(book, at=now_utc()):
        _log.warning(
            Action.RULE_EDITED,
            f"rules of the price book were in use at other prices: {', '.join(edited)}; "
            "a change of price is a new rule that supersedes the old one",
        )
    await prices.publish(book, at=now_utc(), age_days_max=settings.price_age_days_max)
    raw_usage = RawUsage(clients.tables)
    await raw_usage.create()
    people = People(clients.tables, now=now_utc, age_s_max=PEOPLE_AGE_S_MAX)
    rating = CallRating(book, people, projected.meta.calendar)
    await rating.refresh()
    return Metering(
        hub=settings.eventhub_name,
        rating=rating,
        ledger=ledger,
        project=None if project_at_once else projected.project,
        dead_letters=clients.dead_letters,
        now=now_utc,
        raw_usage=raw_usage,
    )
