"""The OpenAPI document: problems instead of the framework's own error form."""

from collections.abc import Callable, Collection
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from table_api.http_api.conventions.problems import MEDIA_TYPE, Problem

_PROBLEM = {
    "description": "A problem (RFC 9457).",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_TOKEN = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_NOT_MODIFIED = {"description": "The caller's `If-None-Match` names this answer."}
_REFUSED = ["400", "401", "403", "406", "413", "414", "429", "503"]
EXAMPLES = Path(__file__).with_name("answer_examples.json")
"""An answer of each route, by its path; tests/table_api/http_api/record_examples.py makes them."""
OPTIONAL = "/v1/telemetry/"
"""Paths that an API may not have, by how it is configured."""
TAGS = {
    "usage": ("Usage", "What was used, by day, model, person and cost centre."),
    "calls": ("Calls", "Single calls: their tokens, prices and history."),
    "prices": ("Prices", "What models cost, and what a call would cost."),
    "invoices": ("Invoices", "Closed months, their files, and what the next close would bill."),
    "reratings": ("Re-ratings", "Reviewed runs that rate past calls again."),
    "people": ("People", "Names and cost centres, and what each import of them moved."),
    "me": ("Me", "Who the caller is, and the caller's own usage and calls."),
    "telemetry": ("Application Insights", "The ledger as Application Insights has it."),
    "status": ("Status", "Whether everything runs, and whether anything is missing."),
    "access_log": ("Access log", "Who was shown the calls and names of others."),
}
"""Name of a group of routes, and what it is about, by the folder of its handlers; in order."""
_SAME_TAG = {"rate": "prices"}
_FRAMEWORK_SCHEMAS = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI, *, public: Collection[str] | None) -> None:
    """Make the app answer /openapi.json with `openapi_of` it, which is made when it is asked for:
    that takes six times as long as the app itself.

    `public` are the paths that need no token; None where no path needs one.
    """

    @cache
    def document() -> dict[str, Any]:
        made = openapi_of(app)
        if public is not None:
            made["components"]["securitySchemes"] = {"token": _TOKEN}
            for path, operations in made["paths"].items():
                for operation in operations.values():
                    operation["security"] = [] if path in public else [{"token": []}]
        return made

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented hook


def tag_of(handler: Callable[..., Any]) -> str:
    """The group that a route belongs to: the folder of its handler says it."""
    *_, folder, _ = handler.__module__.split(".")
    return TAGS[_SAME_TAG.get(folder, folder)][0]


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the app's routes."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        routes=app.routes,
        tags=[{"name": name, "description": about} for name, about in TAGS.values()],
    )
    schemas = document["components"]["schemas"]
    for name in _FRAMEWORK_SCHEMAS:
        schemas.pop(name, None)
    problem = Problem.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    examples = msgspec.json.decode(EXAMPLES.read_bytes())
    for path, operations in document["paths"].items():
        for operation in operations.values():
            answers = operation["responses"]
            answers.pop("422", None)
            may_lack = "{" in path or path.startswith(OPTIONAL)
            refused = [*_REFUSED, "404"] if may_lack else _REFUSED
            answers.update({status: _PROBLEM for status in refused})
            answers["304"] = _NOT_MODIFIED
            if path in examples:
                answers["200"]["content"]["application/json"]["example"] = examples[path]
    return document
