"""The handler of the prices of the book in use."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from typing import Annotated

from fastapi import Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.list_price import ends_at_list
from pricing_rules.price_book.match import may_match_one_call
from pricing_rules.price_book.rate_card import CONTRACT, Matches, Modifier
from pricing_rules.price_sources.ages import is_old
from table_api.errors import Altered
from table_api.http_api.access.question import Api, Asking, asking_of
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.queries import Day, NoQuery, Text
from table_api.http_api.prices import models
from table_api.http_api.prices.adjustments import adjustments_of
from table_api.ledger.book_archive import BookArchive
from table_api.prices.price_list import BookInUse, ListedPrice, PriceList
from telemetry.log import Log

_log = Log("table_api")


class PricesQuery(NoQuery):
    """Which prices."""

    model: Text | None = Field(
        None, description="Only this model's, as the book spells it.", examples=["gpt-5-mini"]
    )
    day: Day | None = Field(
        None,
        description="Those that hold at noon UTC of a day; now if none.",
        examples=["2026-10-20"],
    )
    history: bool = Field(
        False,
        description="Also those that do not hold on the day: earlier prices, and scheduled ones.",
        examples=[True],
    )


async def get_prices(request: Request, query: Annotated[PricesQuery, Query()]) -> Response:
    """The prices of the book that metering rates with, each with its source and its age."""
    asking = asking_of(request)
    api = asking.api
    today = api.now().date()
    day = query.day or today
    at = api.now() if query.day is None else datetime.combine(day, time(12), UTC)
    listed = PriceList(api.storage)
    book = await listed.in_use()
    archived, content = await _content(asking.api, book)
    seen = await listed.prices() if book else []
    if not asking.caller.sees_everybody:
        seen = _at_list(seen, content)
    prices = [
        _price(price, book, today)
        for price in seen
        if book and price.book_version == book.version and (query.history or price.holds(at))
    ]
    named = query.model and query.model.lower()
    answer = models.Prices(
        book=models.BookInUse(**asdict(book)) if book else None,
        archived=archived,
        day=day,
        old_in_use=sum(
            price.old and bool(price.deployments) for price in prices if _holds(price, at)
        ),
        data=[price for price in prices if named in {None, (price.model or "").lower()}],
        adjustments=_adjustments(asking, content, None if query.history else at),
        zones=_zones(content) if content else {},
    )
    return json_answer(request, answer, asking.caller.binding)


def _at_list(prices: Sequence[ListedPrice], book: Book | None) -> list[ListedPrice]:
    """Without what was agreed on: neither such a price nor the end that it gave a list price."""
    listed = [price for price in prices if price.source != CONTRACT]
    if book is None:
        agreed = [price for price in prices if price.source == CONTRACT]
        return [replace(price, valid_to=_end_at_list(price, listed, agreed)) for price in listed]
    ends = ends_at_list(book.content)
    return [replace(price, valid_to=ends.get(price.rule, price.valid_to)) for price in listed]


def _end_at_list(
    price: ListedPrice, listed: Sequence[ListedPrice], agreed: Sequence[ListedPrice]
) -> datetime | None:
    """The end of a list price without the book, which alone says what ended it: if something that
    was agreed on for some of its calls begins there, the next list price of the same calls does.
    """
    end = price.valid_to
    if end is None or not any(
        each.valid_from == end and may_match_one_call(_matches(price), _matches(each))
        for each in agreed
    ):
        return end
    calls = (price.origin, price.matches)
    later = (each for each in listed if (each.origin, each.matches) == calls)
    return min((each.valid_from for each in later if each.valid_from >= end), default=None)


def _matches(price: ListedPrice) -> Matches:
    return tuple((dimension, tuple(values)) for dimension, values in price.matches.items())


async def _content(
    api: Api, in_use: BookInUse | None
) -> tuple[models.Archived | None, Book | None]:
    """Whether the archive has the book in use, and the book."""
    if in_use is None:
        return None, None
    if api.books is None:
        return "absent", None
    try:
        found = await BookArchive(api.books).intact(in_use.version)
    except Altered as error:
        _log.error("book_unreadable", str(error))
        return "damaged", None
    return ("absent" if found is None else "intact"), found


def _adjustments(asking: Asking, book: Book | None, at: datetime | None) -> list[models.Adjustment]:
    """Those in force at a time, or all; what was agreed on is for those who see everybody."""
    if book is None or not asking.caller.sees_everybody:
        return []
    return adjustments_of(book, lambda rule: at is None or _holds(rule, at))


def _zones(book: Book) -> dict[str, list[str]]:
    """The regions of each data zone."""
    zones: dict[str, list[str]] = {}
    for region, zone in book.content.zones:
        zones.setdefault(zone, []).append(region)
    return zones


def _holds(price: models.Price | Modifier, at: datetime) -> bool:
    return price.valid_from <= at and (price.valid_to is None or at < price.valid_to)


def _price(price: ListedPrice, book: BookInUse, today: date) -> models.Price:
    matches = {name: list(values) for name, values in price.matches.items()}
    return models.Price(
        rule=price.rule,
        provider=matches.pop("provider")[0],
        model=next(iter(matches.pop("model", [])), None),
        matches=matches,
        currency=price.currency,
        valid_from=price.valid_from,
        valid_to=price.valid_to,
        tiers=[models.PriceTier.model_validate(asdict(tier)) for tier in price.tiers],
        origin=price.origin,
        source=models.PriceSource(
            kind=price.source,
            version=price.source_version,
            url=price.url,
            region=price.region,
            meters=dict(price.meters),
            note=price.note,
        ),
        checked=price.checked,
        age_days=(today - price.checked).days,
        old=is_old(price.checked, today, book.age_days_max),
        deployments=list(price.deployments),
    )
