"""Handlers of people and regroupings."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from pricing_rules.money import format_pico
from table_api.http_api.access.question import asking_of
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.queries import NoQuery
from table_api.http_api.people import models
from table_api.http_api.visible.people import visible_people
from table_api.people.regroupings import Regroupings


async def get_people(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Who the subjects are: names and cost centres, from which day on."""
    asking = asking_of(request)
    rows = [models.PersonRow(**asdict(person)) for person in await visible_people(asking)]
    asking.show(row.subject for row in rows)
    return json_answer(request, models.People(data=rows), asking.caller.binding)


async def get_regroupings(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Past days whose cost centre an import of people changed."""
    asking = asking_of(request)
    api = asking.api
    currency = (await api.reads.meta()).settings.pricing_currency
    rows = [
        models.Regrouping.model_validate(
            asdict(each) | {"charge": format_pico(each.charge), "delta": format_pico(each.delta)}
        )
        for each in await Regroupings(api.storage).newest()
    ]
    asking.show(row.subject for row in rows)
    body = models.Regroupings(currency=currency, data=rows)
    return json_answer(request, body, asking.caller.binding)
