"""The handlers about re-rating runs. They read; the verbs of the consumers change."""

from datetime import date
from typing import Annotated, Any

from fastapi import Path, Query
from starlette.requests import Request
from starlette.responses import Response

from table_api.http_api.access.question import asking_of
from table_api.http_api.conventions.etags import json_answer
from table_api.http_api.conventions.problems import ProblemKind, Refused
from table_api.http_api.conventions.queries import NoQuery
from table_api.http_api.reratings import models
from table_api.http_api.visible.people import visible_people
from table_api.people.people import PeopleDirectory
from table_api.rerating.run import Rerating, RunRefused, shown_run
from table_api.rerating.runs_table import Reratings
from table_api.rerating.stored_report import read_report, shown_amounts

RunId = Annotated[
    str, Path(description="The `run` of a re-rating run.", examples=["r3f8a1c0d92b4"])
]


async def get_reratings(request: Request, query: Annotated[NoQuery, Query()]) -> Response:
    """Every re-rating run, the newest first."""
    asking = asking_of(request)
    runs = await Reratings(asking.api.storage).all()
    data = [models.Rerating.model_validate(_fields(run)) for run in runs]
    return json_answer(request, models.Reratings(data=data), asking.caller.binding)


async def get_rerating(
    request: Request, run: RunId, query: Annotated[NoQuery, Query()]
) -> Response:
    """One re-rating run with what it changes."""
    asking = asking_of(request)
    reratings = Reratings(asking.api.storage)
    try:
        found = await reratings.get(run)
    except RunRefused:
        raise Refused(ProblemKind.UNKNOWN_RUN, "no re-rating run has this id") from None
    report = read_report(found, await reratings.report(found.run))
    people, total = await visible_people(asking), shown_amounts(report["total"])
    fields = _fields(found) | {
        "before": total["before"],
        "after": total["after"],
        "billing_currency": report.get("billing_currency"),
        "report_sha256": found.report_sha256,
        "lines": [{**shown_amounts(line), "name": _name(people, line)} for line in report["lines"]],
    }
    body = models.ReratingDetail.model_validate(fields)
    asking.show(line.subject for line in body.lines)
    return json_answer(request, body, asking.caller.binding)


def _fields(run: Rerating) -> dict[str, Any]:
    fields = shown_run(run)
    for internal in (
        "pairs_sha256",
        "report_sha256",
        "position",
        "unpriced_before",
        "unpriced_after",
    ):
        del fields[internal]
    return fields


def _name(people: PeopleDirectory, line: dict[str, Any]) -> str | None:
    """The subject's name on the day of a report's line."""
    return people.name(line["subject"], date.fromisoformat(line["day"]))
