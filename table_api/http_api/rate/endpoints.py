"""The handler that prices calls. It writes nothing, and reads only the book and cost centres."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from pricing_rules.decoding.usage_event import is_deferred
from pricing_rules.engine.explain import explain
from pricing_rules.engine.rating import rate
from pricing_rules.engine.what_if import WhatIf, as_document
from pricing_rules.errors import AmbiguousModel, InvalidUsage
from pricing_rules.price_book.book import Book, at_list_price
from pricing_rules.types import PricedCall, UsageEvent
from pricing_rules.units import OUTPUT_UNITS, PROMPT_UNITS, Unit
from table_api.http_api.access.caller import Permission
from table_api.http_api.access.question import Api, asking_of
from table_api.http_api.conventions.problems import ProblemKind, Refused, refused_parameter
from table_api.http_api.rate import models
from table_api.http_api.rate.body import Sent, field_of, read_calls
from table_api.ledger.book_archive import BookArchive
from table_api.ledger.meta import LedgerMeta
from table_api.people.people import PeopleDirectory
from table_api.prices.price_list import PriceList
from telemetry.names import GenAi, OfSpan, SpanName
from telemetry.spans import span

NOBODY = PeopleDirectory(())


async def post_rate(request: Request) -> Response:
    """What calls cost, by the contract if a role gives it, else at list price."""
    asking = asking_of(request)
    api = asking.api
    by_contract = asking.caller.may(Permission.RATE)
    with span(SpanName.RATE) as of_rating:
        sent = await read_calls(request)
        in_use = await _book_in_use(api)
        book = in_use if by_contract else at_list_price(in_use)
        people = await api.people.directory() if by_contract else NOBODY
        rater = _Rater(WhatIf(book), book, people, await api.reads.meta(), in_use.version)
        data = []
        for each in sent:
            data.append(rater.rated(*each, now=api.now()))
            # A thousand models that nobody asked for yet take seconds: others are answered between.
            await asyncio.sleep(0)
        of_rating.set_attributes(_summed(data))
    prices = models.PricedBy.CONTRACT if by_contract else models.PricedBy.LIST
    answer = models.Rated(book=in_use.version, prices=prices, data=data)
    headers = {"Cache-Control": "no-store"}
    return Response(answer.model_dump_json(), media_type="application/json", headers=headers)


def _summed(calls: Sequence[models.RatedCall]) -> Mapping[str, str | int]:
    """What the span says: usage and cost of all calls, and nobody's name."""
    lines = [line for call in calls for line in call.lines]
    totals = [Decimal(call.total) for call in calls if call.total is not None]
    said: dict[str, str | int] = {
        OfSpan.CALLS.value: len(calls),
        OfSpan.UNPRICED.value: len(calls) - len(totals),
        GenAi.INPUT_TOKENS.value: _tokens(lines, PROMPT_UNITS),
        GenAi.OUTPUT_TOKENS.value: _tokens(lines, OUTPUT_UNITS),
    }
    if totals:
        said[OfSpan.CHARGE.value] = f"{sum(totals):f}"
        said[OfSpan.CURRENCY.value] = calls[0].currency
    return said


def _tokens(lines: Sequence[models.RatedLine], units: Collection[Unit]) -> int:
    return sum(line.quantity for line in lines if line.unit in units)


async def _book_in_use(api: Api) -> Book:
    in_use = await PriceList(api.storage).in_use()
    book = await BookArchive(api.books).intact(in_use.version) if in_use and api.books else None
    if book is None:
        detail = "no metering consumer has started with this storage, so no price book is in use"
        raise Refused(ProblemKind.NO_BOOK, detail)
    return book


class _Rater(NamedTuple):
    """What all calls of one request are rated with."""

    asked: WhatIf
    book: Book
    people: PeopleDirectory
    meta: LedgerMeta
    version: str
    """Of the book in use, of which `book` may be the list prices alone."""

    def rated(self, place: str, sent: Sent, *, now: datetime) -> models.RatedCall:
        """Refused where a usage object contradicts itself, or several providers sell the model."""
        if isinstance(sent, UsageEvent):
            day = self.meta.calendar.day(sent.time)
            cost_centre = self.people.cost_centre(sent.subject, day)
            return self._answer(rate(sent, self.book, cost_centre), sent)
        try:
            return self._answer(self.asked.answer(sent.question(now)), None)
        except InvalidUsage as error:
            field = field_of(place, "usage", error.field)
            raise refused_parameter(field, error.value, str(error)) from None
        except AmbiguousModel as error:
            raise refused_parameter(field_of(place, "provider"), None, str(error)) from None

    def _answer(self, call: PricedCall, event: UsageEvent | None) -> models.RatedCall:
        call = msgspec.structs.replace(call, book_version=self.version)
        fields = as_document(call)
        del fields["book"]
        return models.RatedCall.model_validate(
            fields
            | {
                "id": event and event.id,
                "deferred": event is not None and is_deferred(event),
                "cost_centre": call.cost_centre,
                "excludes": list(call.excludes),
                "explanation": explain(call),
            }
        )
