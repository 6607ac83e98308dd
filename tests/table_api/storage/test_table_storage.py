"""The two storages behind the one seam."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local_stack.demo.azurite import ACCOUNT_KEY, AzuritePorts
from table_api.errors import SettingsError, Unavailable
from table_api.monthly.projected_day import MonthTotal
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.keys import EVERY_ROW, starting_with
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Insert
from tests.contracts.table_storage import TableStorageContract


class TestMemoryTableStorage(TableStorageContract):
    @pytest.fixture
    def storage(self) -> MemoryTableStorage:
        return MemoryTableStorage()


class TestAzureTableStorage(TableStorageContract):
    @pytest.fixture
    async def storage(self, azurite: AzuritePorts) -> AsyncIterator[AzureTableStorage]:
        storage = AzureTableStorage.from_connection_string(azurite.connection_string)
        yield storage
        await storage.close()

    async def test_a_table_may_be_created_twice(self, storage: AzureTableStorage) -> None:
        await storage.create_table("twice")
        await storage.create_table("twice")

    async def test_an_absent_table_reads_as_empty(self, storage: AzureTableStorage) -> None:
        pages = [page async for page in storage.query("absent", "p", starting_with("c|"))]
        assert pages == []
        assert await storage.get("absent", "p", "r") is None


class TestThePipelineAlone(TableStorageContract):
    """As TABLE_CLIENT=azure-core has it."""

    @pytest.fixture
    async def storage(self, azurite: AzuritePorts) -> AsyncIterator[AzureTableStorage]:
        text = azurite.connection_string
        async with AzureTableStorage.from_connection_string(text, direct=False) as storage:
            yield storage


async def test_an_empty_page_with_a_continuation_is_not_the_end() -> None:
    """The service may answer so where it crosses a boundary; Azurite never does."""
    asked: list[dict[str, str]] = []
    row = {"PartitionKey": "202611|03", "RowKey": "c|1", "Timestamp": "t"}

    async def answer(request: web.Request) -> web.Response:
        asked.append(dict(request.query))
        after_it = "gt '202611|03'" in request.query["$filter"]
        if after_it or "NextPartitionKey" in request.query:
            return web.json_response({"value": [] if after_it else [row]})
        headers = {
            "x-ms-continuation-NextPartitionKey": "1!8!MjAy",
            "x-ms-continuation-NextRowKey": "1!4!Yw--",
        }
        return web.json_response({"value": []}, headers=headers)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    async with TestServer(app) as server:
        storage = AzureTableStorage.from_connection_string(
            f"AccountName=a;AccountKey={ACCOUNT_KEY};TableEndpoint={server.make_url('/a')}"
        )
        found = [partition async for partition in storage.partitions("ledger")]
        pages = [page async for page in storage.query("ledger", "p", starting_with("c|"))]
        await storage.close()
    assert found == ["202611|03"]
    assert pages == [[], [row]]
    assert asked[1]["NextPartitionKey"] == "1!8!MjAy"


async def test_no_answer_is_unavailable() -> None:
    storage = AzureTableStorage.from_connection_string(
        AzuritePorts(blob=1, queue=1, table=1).connection_string
    )
    try:
        with pytest.raises(Unavailable):
            await storage.transact("ledger", "202611|00", [Insert("c|1", {})])
    finally:
        await storage.close()


@pytest.mark.parametrize("direct", [True, False])
async def test_a_404_of_anybody_else_is_not_read_as_no_rows(*, direct: bool) -> None:
    """A proxy says it, or a server at a wrong address: then no row is absent, nor any month."""
    async with TestServer(web.Application()) as server:  # it has nothing at all
        storage = AzureTableStorage.from_connection_string(
            f"AccountName=a;AccountKey={ACCOUNT_KEY};TableEndpoint={server.make_url('/a')}",
            direct=direct,
        )
        with pytest.raises(Unavailable, match=r"404 \(no code\)"):
            await storage.get("meta", "ledger", "settings")
        with pytest.raises(Unavailable, match="404"):
            async for _ in storage.query("ledger", "p", starting_with("c|")):
                pass
        with pytest.raises(Unavailable, match="404"):
            await storage.transact("ledger", "202611|00", [Insert("c|1", {})])
        await storage.close()


@pytest.mark.parametrize("text", ["<html>Sign in</html>", "", '{"value": [', "\udce4"])
@pytest.mark.parametrize("direct", [True, False])
async def test_an_answer_that_is_no_json_is_no_answer(text: str, *, direct: bool) -> None:
    """Not a fault of the event that asked: that would become a dead letter."""

    async def answer(request: web.Request) -> web.Response:
        body = text.encode("utf-8", "surrogateescape")
        return web.Response(body=body, content_type="text/html")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(app) as server:
        where = f"AccountName=a;AccountKey={ACCOUNT_KEY};TableEndpoint={server.make_url('/a')}"
        storage = AzureTableStorage.from_connection_string(where, direct=direct)
        with pytest.raises(Unavailable):
            await storage.get("ledger", "p", "r")
        with pytest.raises(Unavailable):
            async for _ in storage.query("ledger", "p", starting_with("c|")):
                pass
        with pytest.raises(Unavailable):
            async for _ in storage.query_as("monthly", "p", EVERY_ROW, MonthTotal, ["total"]):
                pass
        await storage.close()


def emptily_answering() -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"value": []})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    return app


async def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with TestServer(emptily_answering()) as proxy:
        monkeypatch.setenv("HTTP_PROXY", str(proxy.make_url("/")))
        storage = AzureTableStorage.from_connection_string(
            f"AccountName=a;AccountKey={ACCOUNT_KEY};TableEndpoint=http://tables.invalid/a"
        )
        pages = [page async for page in storage.query("ledger", "p", starting_with("c|"))]
        await storage.close()
    assert pages == [[]]


async def test_a_netrc_file_does_not_meddle_with_the_signature(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """aiohttp refuses a request that has both our signature and a login from there."""
    monkeypatch.delenv("HTTP_PROXY", raising=False)
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    async with TestServer(emptily_answering()) as server:
        storage = AzureTableStorage.from_connection_string(
            f"AccountName=a;AccountKey={ACCOUNT_KEY};TableEndpoint={server.make_url('/a')}"
        )
        pages = [page async for page in storage.query("ledger", "p", starting_with("c|"))]
        await storage.close()
    assert pages == [[]]


def test_a_connection_string_without_a_key_names_what_is_missing() -> None:
    with pytest.raises(SettingsError, match="AccountKey"):
        AzureTableStorage.from_connection_string("AccountName=x;TableEndpoint=http://x")
