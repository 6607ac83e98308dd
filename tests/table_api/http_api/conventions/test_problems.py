"""Failures as problems: what happened is said, and nothing else."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from table_api.errors import Unavailable
from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from tests.table_api.conftest import ApiClient, api_over
from tests.table_api.http_api.asking import problem


def no_answer() -> list[list[Row]]:
    """As the edge of a storage that is down."""
    raise Unavailable("GET /secret-account: connection refused")


class DownStorage(MemoryTableStorage):
    """Gives no answer."""

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        no_answer()
        return None

    async def query(self, *args: Any, **options: Any) -> AsyncIterator[list[Row]]:
        for page in no_answer():
            yield page


@pytest.mark.parametrize("path", ["/healthz", "/v1/usage", "/v1/metering", "/v1/subjects/a/usage"])
async def test_storage_that_is_down_is_a_503_that_tells_nothing_else(path: str) -> None:
    async with api_over(DownStorage()) as api:
        body = await problem(api, path, 503)
        assert body["type"] == "urn:problem:storage-unavailable"
        assert "secret" not in str(body)
        assert (await api.get(path)).headers["retry-after"] == "5"


@pytest.mark.parametrize("path", ["/healthz", "/v1/usage", "/v1/metering", "/v1/subjects/a/calls"])
async def test_storage_without_a_ledger_is_a_503_that_says_so(api: ApiClient, path: str) -> None:
    assert (await problem(api, path, 503))["type"] == "urn:problem:no-ledger"


class BrokenStorage(MemoryTableStorage):
    """Fails in a way that nobody foresaw."""

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        raise RuntimeError("secret detail")


async def test_unforeseen_failure_is_a_500_that_tells_nothing() -> None:
    transport = httpx.ASGITransport(
        create_app(BrokenStorage(), MemoryBlobStore()), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        body = await problem(api, "/healthz", 500)
    assert body["type"] == "urn:problem:internal"
    assert "secret" not in str(body)


async def test_unknown_path_and_method_are_problems_too(api: ApiClient) -> None:
    for answer, status in (
        (await api.get("/v1/nothing"), 404),
        (await api.get("/v1/usage/"), 404),
        (await api.post("/v1/usage"), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
    assert (await api.post("/v1/usage")).headers["allow"] == "GET"
