"""Opening a storage account: by connection string without an identity, by URLs with one."""

import pytest
from azure.identity.aio import DefaultAzureCredential

from local_stack.demo.azurite import AzuritePorts
from table_api.errors import SettingsError
from table_api.storage.connection import open_container, open_container_at, open_tables
from table_api.storage.settings import StorageSettings

BY_IDENTITY = StorageSettings(
    tables_url="https://contoso.table.core.windows.net",
    blobs_url="https://contoso.blob.core.windows.net",
)
KEY = "AccountName=contoso;AccountKey=a2V5;EndpointSuffix=core.windows.net"
CONTAINER_URL = "https://contoso.blob.core.windows.net/capture"


class CountedIdentity(DefaultAzureCredential):
    """How often it was closed."""

    closed = 0

    async def close(self) -> None:
        self.closed += 1
        await super().close()


async def test_urls_are_opened_with_an_identity_that_is_closed_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[CountedIdentity] = []

    def make() -> CountedIdentity:
        made.append(CountedIdentity())
        return made[-1]

    monkeypatch.setattr("azure.identity.aio.DefaultAzureCredential", make)
    async with (
        open_tables(BY_IDENTITY),
        open_container(BY_IDENTITY, "invoices") as blobs,
        open_container_at(CONTAINER_URL, BY_IDENTITY),
    ):
        assert blobs.url == "https://contoso.blob.core.windows.net/invoices"
        assert [each.closed for each in made] == [0, 0, 0]
    assert [each.closed for each in made] == [1, 1, 1]


async def test_an_identity_that_is_given_stays_open() -> None:
    async with CountedIdentity() as identity:
        async with (
            open_tables(BY_IDENTITY, identity),
            open_container(BY_IDENTITY, "invoices", identity),
        ):
            pass
        assert identity.closed == 0


async def test_a_connection_string_opens_tables_and_blobs_of_one_account(
    azurite: AzuritePorts,
) -> None:
    settings = StorageSettings(connection_string=azurite.connection_string)
    async with open_tables(settings) as tables, open_container(settings, "opened") as blobs:
        await tables.create_table("opened")
        await blobs.create_container()
        await blobs.create("a", b"1", content_type="text/plain")
        async with open_container_at(blobs.url, settings) as same:
            assert await same.sizes() == {"a": 1}


async def test_a_container_of_another_account_is_entered_by_the_signature_in_its_url() -> None:
    signed = f"{CONTAINER_URL}?sv=2025-01-05&sig=c2ln"
    async with open_container_at(signed, BY_IDENTITY) as blobs:
        assert blobs.url == CONTAINER_URL  # it is shown in messages


def test_a_connection_string_that_cannot_be_used_names_its_variable() -> None:
    settings = StorageSettings(connection_string="nonsense")
    with pytest.raises(SettingsError, match="STORAGE_CONNECTION_STRING"):
        open_tables(settings)
    with pytest.raises(SettingsError, match="STORAGE_CONNECTION_STRING"):
        open_container(settings, "invoices")
