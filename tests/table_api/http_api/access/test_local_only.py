"""Where nobody is authorized, a request must name this machine."""

import httpx
import pytest

from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.calls import open_ledger


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:8000", 200),
        ("127.0.0.1", 200),
        ("127.8.8.8:1", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1.evil.example:8000", 403),
        ("192.168.1.5:8000", 403),
    ],
)
async def test_name_that_leads_elsewhere_is_refused_where_nobody_is_authorized(
    memory: MemoryTableStorage, host: str, status: int
) -> None:
    await open_ledger(memory)
    transport = httpx.ASGITransport(create_app(memory, MemoryBlobStore()))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        answer = await api.get("/v1/usage", headers={"Host": host})
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["type"] == "urn:problem:foreign-host"
