"""Settings of the API's processes, read once from flags and the environment."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from table_api.errors import SettingsError
from table_api.invoicing.settings import CONTAINER
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageSettings:
    """Which storage account: exactly one of the two is set."""

    connection_string: str | None
    tables_url: str | None
    """`https://ACCOUNT.table.core.windows.net`, used with an identity."""


def storage_settings(environment: Mapping[str, str]) -> StorageSettings:
    """From STORAGE_CONNECTION_STRING or TABLES_URL; SettingsError names what is wrong."""
    connection_string = environment.get("STORAGE_CONNECTION_STRING") or None
    tables_url = environment.get("TABLES_URL") or None
    if (connection_string is None) == (tables_url is None):
        found = "neither is" if tables_url is None else "both are"
        raise SettingsError(
            f"set either STORAGE_CONNECTION_STRING or TABLES_URL (with an identity): {found} set"
        )
    if tables_url is not None and not tables_url.startswith("https://"):
        raise SettingsError(f"TABLES_URL {tables_url!r} does not start with https://")
    return StorageSettings(connection_string=connection_string, tables_url=tables_url)


class Closable(Protocol):
    """What has to be closed beside the storage."""

    async def close(self) -> None:
        """Release connections."""


def connect(settings: StorageSettings) -> tuple[AzureTableStorage, Closable | None]:
    """The storage and the identity that it uses, if any; nothing is asked of either yet."""
    if settings.connection_string is not None:
        return AzureTableStorage.from_connection_string(settings.connection_string), None
    # The import takes half a second, and a connection string needs none of it.
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415

    assert settings.tables_url is not None  # one of the two is set
    credential = DefaultAzureCredential()
    return AzureTableStorage.from_account_url(settings.tables_url, credential), credential


@asynccontextmanager
async def open_storage(settings: StorageSettings) -> AsyncIterator[AzureTableStorage]:
    """The storage, closed at the end with the identity it used."""
    storage, credential = connect(settings)
    try:
        yield storage
    finally:
        await storage.close()
        if credential is not None:
            await credential.close()


def connect_blobs(
    environment: Mapping[str, str], container: str = CONTAINER
) -> tuple[AzureBlobStore, Closable | None]:
    """A container of the ledger's account, and the identity that is used, if any."""
    settings = storage_settings(environment)
    if (text := settings.connection_string) is not None:
        return AzureBlobStore.from_connection_string(text, container), None
    tables_url = settings.tables_url or ""
    url = environment.get("BLOBS_URL") or tables_url.replace(".table.", ".blob.", 1)
    if not url.startswith("https://"):
        raise SettingsError(f"BLOBS_URL {url!r} does not start with https://")
    # The import takes half a second, and a connection string needs none of it.
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415

    credential = DefaultAzureCredential()
    return AzureBlobStore.from_account_url(url, credential, container), credential


@asynccontextmanager
async def open_blobs(
    environment: Mapping[str, str], container: str = CONTAINER
) -> AsyncIterator[AzureBlobStore]:
    """The container, `invoices` by default, closed at the end with the identity it used."""
    blobs, credential = connect_blobs(environment, container)
    try:
        yield blobs
    finally:
        await blobs.close()
        if credential is not None:
            await credential.close()
