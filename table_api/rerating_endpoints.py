"""The handlers about re-rating runs and people. They read; the verbs of the consumers change."""

from dataclasses import asdict
from typing import Annotated, Any

import msgspec
from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from pricing_rules.money import format_pico
from table_api import rerating_responses
from table_api.conditional import json_answer
from table_api.people.regroupings import Regroupings
from table_api.problems import ProblemKind, Refused
from table_api.queries import NoQuery
from table_api.rerating.run import Rerating, RunRefused
from table_api.rerating.runs_table import Reratings
from table_api.scope import api_of

RunId = Annotated[str, Path(description="The `run` of a re-rating run.")]


async def get_reratings(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Every re-rating run, the newest first."""
    runs = await Reratings(api_of(request).storage).all()
    data = [rerating_responses.Rerating.model_validate(_fields(run)) for run in runs]
    return json_answer(request, rerating_responses.Reratings(data=data))


async def get_rerating(
    request: Request, run: RunId, query: Annotated[NoQuery, Query()]
) -> Response:
    """One re-rating run with what it changes."""
    reratings = Reratings(api_of(request).storage)
    try:
        found = await reratings.get(run)
    except RunRefused:
        raise Refused(ProblemKind.UNKNOWN_RUN, "no re-rating run has this id") from None
    report = msgspec.json.decode(await reratings.report(found.run) or b'{"lines": []}')
    fields = _fields(found) | {
        "billing_currency": report.get("billing_currency"),
        "lines": report["lines"],
    }
    return json_answer(request, rerating_responses.ReratingDetail.model_validate(fields))


async def get_people(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Who the subjects are: names and cost centres, from which day on."""
    rows = [
        rerating_responses.PersonRow(**asdict(person))
        for person in await api_of(request).people.directory()
    ]
    return json_answer(request, rerating_responses.People(data=rows))


async def get_regroupings(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Past days whose cost centre an import of people changed."""
    api = api_of(request)
    currency = (await api.reads.meta()).settings.pricing_currency
    rows = [
        rerating_responses.Regrouping.model_validate(
            asdict(each) | {"charge": format_pico(each.charge), "delta": format_pico(each.delta)}
        )
        for each in await Regroupings(api.storage).newest()
    ]
    return json_answer(request, rerating_responses.Regroupings(currency=currency, data=rows))


def _fields(run: Rerating) -> dict[str, Any]:
    fields = asdict(run)
    for internal in ("pairs_sha256", "position"):
        del fields[internal]
    return fields | {
        "before": format_pico(run.before),
        "after": format_pico(run.after),
        "delta": format_pico(run.after - run.before),
    }
