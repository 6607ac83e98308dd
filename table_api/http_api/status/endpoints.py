"""Handlers of health, metering, dead letters and completeness: each parses, asks the reads, shapes
the answer.
"""

import asyncio
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.completeness.reads import CALLS_READ_MAX, CompletenessReads
from table_api.consumer_state.dead_letters import DeadLetterIndex
from table_api.errors import Unavailable
from table_api.http_api.access.question import api_of, asking_of
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.queries import NoQuery
from table_api.http_api.status.completeness import CompletenessQuery, completeness_answer
from table_api.http_api.status.dead_letters import (
    DeadLetters,
    DeadLettersQuery,
    letter_row,
)
from table_api.http_api.status.metering import Health, metering_answer, read_metering

HEALTH_TIMEOUT_S = 5.0
"""A probe wants to know soon; other reads are tried for longer."""


async def get_health(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Whether the API and its storage answer."""
    api = api_of(request)
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT_S):
            settings = (await api.reads.fresh_meta()).settings
    except TimeoutError:
        raise Unavailable(f"no answer within {HEALTH_TIMEOUT_S} s") from None
    health = Health(
        status="ok",
        zone=settings.zone,
        currency=settings.pricing_currency,
        auth_mode=api.auth_mode.value,
    )
    return json_answer(request, health, ())


async def get_metering(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """How far metering is, what it could not read, and whether the last audit was clean."""
    asking = asking_of(request)
    api = asking.api
    await api.reads.meta()
    status = await read_metering(api.storage, api.groups, api.waiting, api.now)
    return json_answer(request, metering_answer(status), asking.caller.binding)


async def get_dead_letters(
    request: Request, query: Annotated[DeadLettersQuery, Query()]
) -> Response:
    """Events that could not be read or rated and wait for somebody to look at them."""
    asking = asking_of(request)
    api = asking.api
    data, complete = [], True
    for hub in dict.fromkeys((api.groups.usage_hub, api.groups.diagnostics_hub)):
        found, all_of_hub = await DeadLetterIndex(api.storage, hub).first_open(query.limit)
        data += [letter_row(letter) for letter in found]
        complete = complete and all_of_hub
    body = DeadLetters(complete=complete, data=data)
    return json_answer(request, body, asking.caller.binding)


async def get_completeness(
    request: Request, query: Annotated[CompletenessQuery, Query()]
) -> Response:
    """What each of the two paths missed, per hour, API and model."""
    asking = asking_of(request)
    api = asking.api
    meta = await api.reads.meta()
    days = query.days(meta.calendar.day(api.now()))
    reads = CompletenessReads(api.storage, api.reads, api.groups)
    reading = await reads.read(days, calls_max=CALLS_READ_MAX)
    body = completeness_answer(reading, meta, days)
    return json_answer(request, body, asking.caller.binding)
