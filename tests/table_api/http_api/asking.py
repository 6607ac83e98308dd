"""Asks the API in tests, and posts the calls that its answers are about."""

from typing import Any

import schemathesis
from fastapi import FastAPI
from schemathesis.specs.openapi.schemas import OpenApiSchema

from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.table_api.conftest import ApiClient

CALL_COST = {"list": "0.0011952", "contracted": "0.0011952", "charge": "0.0011952"}
UNITS = {"input": 1024, "cache_read": 1024, "output": 427}


async def get(api: ApiClient, path: str, **parameters: str) -> Any:
    """The body of a 200."""
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(api: ApiClient, path: str, status: int) -> Any:
    """The body of a problem."""
    answer = await api.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    return body


async def post(storage: MemoryTableStorage, *subjects: str) -> None:
    """One call for each name given."""
    ledger = await open_ledger(storage)
    await ledger.post(
        [make_call(n, id=call_id(n), subject=subject) for n, subject in enumerate(subjects)]
    )


def description_of(app: FastAPI) -> OpenApiSchema:
    """What generated requests are made of; too long a target (414) is a refusal like any other."""
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    rejection = schema.config.checks.negative_data_rejection
    rejection.expected_statuses = [*rejection.expected_statuses, "414"]
    # All examples of a route at once are no question: a month leaves no room for `from`.
    schema.config.phases.examples.enabled = False
    return schema
