"""The small client with TLS, tokens, proxies and failures, as Azure and networks have them."""

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local_stack.demo.azurite import AzuritePorts
from table_api.errors import Rejected, SettingsError, Unavailable
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.connection import open_tables
from table_api.storage.settings import StorageSettings
from table_api.storage.table_storage import Insert
from tests.contracts.changed_rows import PARTITION
from tests.contracts.table_storage import TableStorageContract
from tests.table_api.storage.direct.secured_tables import (
    Identity,
    SecuredTables,
    make_certificate,
    secured_tables,
    tunnel_proxy,
)

TABLE = "secured"


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "stand-in.pem")


@pytest.fixture
async def tables(azurite: AzuritePorts, certificate: Path) -> AsyncIterator[SecuredTables]:
    async with secured_tables(azurite.connection_string, certificate) as tables:
        yield tables


@pytest.fixture
async def storage(
    tables: SecuredTables, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[AzureTableStorage]:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with opened(tables, certificate) as storage:
        yield storage


@contextlib.asynccontextmanager
async def opened(tables: SecuredTables, certificate: Path) -> AsyncIterator[AzureTableStorage]:
    """An account at the stand-in, with a table."""
    async with AzureTableStorage(
        tables.url, tables.identity, authorities=str(certificate)
    ) as storage:
        await storage.create_table(TABLE)
        tables.asked.clear()
        yield storage


class TestSecuredTables(TableStorageContract):
    """All that the ledger relies on holds with TLS and tokens too."""


async def test_one_token_and_one_connection_serve_many_requests(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    tables.connections.clear()
    tokens = len(tables.identity.given)
    for number in range(5):
        await storage.transact(TABLE, "many", [Insert(f"r{number}", {"n": number})])
        assert await storage.get(TABLE, "many", f"r{number}") is not None
    assert len(tables.connections) == 1
    assert len(tables.identity.given) == tokens + 1


async def test_requests_at_once_ask_for_one_token(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    tokens = len(tables.identity.given)
    await asyncio.gather(*(storage.get(TABLE, "p", f"r{number}") for number in range(20)))
    assert len(tables.identity.given) == tokens + 1


async def test_a_token_that_expires_on_its_way_is_replaced_and_the_request_sent_again(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    await storage.transact(TABLE, "expiry", [Insert("r0", {"n": 0})])
    tables.expired.update(tables.identity.given)
    tables.asked.clear()
    await asyncio.gather(
        *(storage.transact(TABLE, "expiry", [Insert(f"r{n}", {"n": n})]) for n in range(1, 9))
    )
    assert len(tables.identity.given) <= 4  # the pipeline's, the first, and a new one for all
    row = await storage.get(TABLE, "expiry", "r8")
    assert row is not None
    assert row["n"] == "8"


async def test_a_token_near_its_end_is_renewed_before_it_is_sent(
    tables: SecuredTables, certificate: Path
) -> None:
    tables.identity.lifetime_s = 200
    async with opened(tables, certificate) as storage:
        await storage.get(TABLE, "p", "r")
        tokens = len(tables.identity.given)
        await storage.get(TABLE, "p", "r")
    assert len(tables.identity.given) == tokens + 1
    assert len(tables.asked) == 2


async def test_a_challenge_is_answered_with_the_claims_that_it_names(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    await storage.get(TABLE, "p", "r")
    tables.claims = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}'
    [etag] = await storage.transact(TABLE, "claims", [Insert("r", {"n": 1})])
    assert etag.startswith("W/")
    assert tables.asked[-2:] == ["POST /devstoreaccount1/$batch"] * 2


async def test_a_token_that_stays_refused_is_unavailable_after_two_requests(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    tables.identity.given = Refusing(tables.identity.given)
    with pytest.raises(Unavailable, match="HTTP 401"):
        await storage.transact(TABLE, "refused", [Insert("r", {"n": 1})])
    assert tables.asked == ["POST /devstoreaccount1/$batch"] * 2


class Refusing(list[str]):
    """Tokens that nobody trusts."""

    def __contains__(self, token: object) -> bool:
        return False


class OlderIdentity:
    """One that has `get_token` alone."""

    def __init__(self, identity: Identity) -> None:
        self.get_token = identity.get_token
        self.close = identity.close

    async def __aenter__(self) -> "OlderIdentity":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def test_an_older_identity_answers_a_challenge_too(
    tables: SecuredTables, certificate: Path
) -> None:
    async with AzureTableStorage(
        tables.url,
        OlderIdentity(tables.identity),
        closes_identity=True,
        authorities=str(certificate),
    ) as storage:
        await storage.create_table(TABLE)
        await storage.get(TABLE, "p", "r")
        tables.claims = '{"access_token":{}}'
        await storage.transact(TABLE, "older", [Insert("r", {"n": 1})])
    assert tables.identity.closed == 1


async def test_an_identity_that_gives_no_token_is_unavailable(
    storage: AzureTableStorage, tables: SecuredTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise OSError("no route to the login")

    monkeypatch.setattr(Identity, "get_token_info", fail)
    with pytest.raises(Unavailable, match="no route to the login"):
        await storage.get(TABLE, "p", "r")
    assert tables.asked == []


@pytest.mark.parametrize("is_done", [True, False])
async def test_a_reset_leaves_open_whether_a_transaction_was_done(
    storage: AzureTableStorage, tables: SecuredTables, *, is_done: bool
) -> None:
    partition = f"reset-{is_done}"
    await storage.get(TABLE, partition, "r")  # the connection is open by now
    tables.asked.clear()
    tables.resets.append(is_done)
    with pytest.raises(Unavailable):
        await storage.transact(TABLE, partition, [Insert("r", {"n": 1})])
    assert tables.asked == ["POST /devstoreaccount1/$batch"]  # sent once
    assert (await storage.get(TABLE, partition, "r") is not None) is is_done


async def test_a_point_read_is_sent_again_after_a_reset_and_while_storage_is_busy(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    await storage.transact(TABLE, "read", [Insert("r", {"n": 1})])
    tables.asked.clear()
    tables.resets.append(False)
    tables.refusals += [503, 429]
    assert await storage.get(TABLE, "read", "r") is not None
    assert len(tables.asked) == 4


@pytest.mark.parametrize("status", [429, 500, 503, 504, 403, 408])
async def test_a_transaction_is_not_sent_again_while_storage_is_busy(
    storage: AzureTableStorage, tables: SecuredTables, status: int
) -> None:
    tables.refusals.append(status)
    with pytest.raises(Unavailable, match=f"HTTP {status}"):
        await storage.transact(TABLE, "busy", [Insert("r", {"n": 1})])
    assert len(tables.asked) == 1
    assert await storage.get(TABLE, "busy", "r") is None


async def test_a_transaction_that_is_too_large_is_rejected(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    tables.refusals.append(413)
    with pytest.raises(Rejected, match="HTTP 413"):
        await storage.transact(TABLE, "large", [Insert("r", {"n": 1})])


async def test_a_read_gives_up_when_storage_stays_busy(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    tables.refusals += [503] * 4
    with pytest.raises(Unavailable, match="HTTP 503"):
        await storage.get(TABLE, "p", "r")
    assert len(tables.asked) == 4


async def test_a_cancelled_request_leaves_no_answer_for_the_next(
    storage: AzureTableStorage, tables: SecuredTables
) -> None:
    await storage.transact(TABLE, "cancel", [Insert("a", {"n": 1}), Insert("b", {"n": 2})])
    for _ in range(3):
        asking = asyncio.create_task(storage.get(TABLE, "cancel", "a"))
        await asyncio.sleep(0.003)
        asking.cancel()
        row = await storage.get(TABLE, "cancel", "b")
        assert row is not None
        assert row["RowKey"] == "b"


async def test_a_certificate_that_nobody_vouches_for_is_refused(tables: SecuredTables) -> None:
    async with AzureTableStorage(tables.url, tables.identity) as storage:
        with pytest.raises(Unavailable, match="certificate verify failed"):
            await storage.transact(TABLE, "p", [Insert("r", {"n": 1})])
    assert tables.asked == []


async def test_a_certificate_of_another_host_is_refused(
    azurite: AzuritePorts, tmp_path: Path
) -> None:
    other = make_certificate(tmp_path / "other.pem", "10.0.0.1")
    async with (
        secured_tables(azurite.connection_string, other) as tables,
        AzureTableStorage(tables.url, tables.identity, authorities=str(other)) as storage,
    ):
        with pytest.raises(Unavailable, match="certificate verify failed"):
            await storage.transact(TABLE, "p", [Insert("r", {"n": 1})])


@pytest.mark.parametrize("login", ["", "someone:secret word"])
async def test_https_goes_through_the_tunnel_of_a_proxy(
    tables: SecuredTables, certificate: Path, monkeypatch: pytest.MonkeyPatch, login: str
) -> None:
    wanted = f"Basic {base64.b64encode(login.encode()).decode()}" if login else ""
    async with tunnel_proxy(wanted) as proxy:
        at = f"{login.replace(' ', '%20')}@" if login else ""
        monkeypatch.setenv("HTTPS_PROXY", f"http://{at}127.0.0.1:{proxy.port}")
        async with opened(tables, certificate) as storage:
            proxy.asked.clear()
            for number in range(3):
                await storage.transact(TABLE, f"tunnel{login}", [Insert(f"r{number}", {})])
        server = tables.url.split("/")[2]
        assert proxy.asked == [f"CONNECT {server} HTTP/1.1"]  # one tunnel serves all


async def test_a_proxy_that_refuses_is_named(
    tables: SecuredTables, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with tunnel_proxy("Basic bG9naW4=") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        async with AzureTableStorage(
            tables.url, tables.identity, authorities=str(certificate)
        ) as storage:
            with pytest.raises(Unavailable, match=f"127.0.0.1:{proxy.port} answers 407"):
                await storage.transact(TABLE, "p", [Insert("r", {})])


async def test_a_host_without_proxy_is_reached_directly(
    tables: SecuredTables, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with opened(tables, certificate) as storage:
        await storage.transact(TABLE, "no-proxy", [Insert("r", {})])


def test_a_token_is_not_sent_in_the_clear() -> None:
    with pytest.raises(SettingsError, match="by HTTPS alone"):
        AzureTableStorage("http://contoso.table.core.windows.net", Identity())


async def test_the_switch_sends_all_by_the_pipeline(azurite: AzuritePorts) -> None:
    settings = StorageSettings(connection_string=azurite.connection_string, direct=False)
    async with open_tables(settings) as storage:
        await storage.create_table(TABLE)
        await storage.transact(TABLE, f"{PARTITION}|pipeline", [Insert("r", {"n": 1})])
        assert await storage.get(TABLE, f"{PARTITION}|pipeline", "r") is not None
        assert storage.is_direct is False
    async with open_tables(StorageSettings(connection_string=azurite.connection_string)) as storage:
        assert storage.is_direct is True
