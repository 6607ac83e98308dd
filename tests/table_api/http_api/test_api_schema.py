"""Generated requests: the API keeps to its own OpenAPI document, whatever fits or breaks it."""

import asyncio
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.specs.openapi.checks import positive_data_acceptance

from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import SUBJECT, call_id
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.table_api.http_api.asking import description_of

EXAMPLES_MAX = 40
"""Requests per endpoint."""


STORAGE = MemoryTableStorage()
schema = description_of(create_app(STORAGE, MemoryBlobStore(), now=lambda: NOW))


@pytest.fixture(autouse=True, scope="module")
def three_calls() -> None:
    """A ledger with a few calls of one subject."""

    async def fill() -> None:
        ledger = await open_ledger(STORAGE)
        await ledger.post([make_call(n, id=call_id(n), subject=SUBJECT) for n in range(3)])

    asyncio.run(fill())


@schema.parametrize()
@settings(
    max_examples=EXAMPLES_MAX,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_api_keeps_to_its_description(case: Case[Any]) -> None:
    # A made-up cursor or range fits its schema and is rightly refused with 400.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
