"""Opens a storage account: its tables and its blob containers.

No other module of `table_api` or `consumers` makes these clients, but for the checkpoints, whose
client is the Event Hubs SDK's own. It reads no environment: the caller has the settings.
"""

from azure.core.credentials import AzureNamedKeyCredential
from azure.core.credentials_async import AsyncTokenCredential

from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.settings import StorageSettings, parts_of


def open_tables(
    settings: StorageSettings, identity: AsyncTokenCredential | None = None
) -> AzureTableStorage:
    """The account's tables. Nothing is asked of them yet; the caller closes them.

    An identity that is given stays the caller's. One that is made here is closed with the tables.
    """
    if settings.connection_string is not None:
        return AzureTableStorage.from_connection_string(
            settings.connection_string, direct=settings.direct
        )
    assert settings.tables_url is not None  # one of the two is set
    return AzureTableStorage(
        settings.tables_url,
        identity or own_identity(),
        direct=settings.direct,
        closes_identity=identity is None,
    )


def open_container(
    settings: StorageSettings, container: str, identity: AsyncTokenCredential | None = None
) -> AzureBlobStore:
    """A blob container of the account; all else is as `open_tables` says."""
    if settings.connection_string is not None:
        return AzureBlobStore.from_connection_string(settings.connection_string, container)
    assert settings.blobs_url is not None  # one of the two is set
    return AzureBlobStore.from_account_url(
        settings.blobs_url, container, identity or own_identity(), closes_identity=identity is None
    )


def open_container_at(url: str, settings: StorageSettings) -> AzureBlobStore:
    """The container at a URL, which may lie in another account.

    It is entered with the key of a connection string, else with the signature (SAS) that the URL
    carries, else with this process's identity.
    """
    if settings.connection_string is not None:
        parts = parts_of(settings.connection_string)
        key = AzureNamedKeyCredential(parts["AccountName"], parts["AccountKey"])
        return AzureBlobStore.from_container_url(url, key)
    if "?" in url:
        return AzureBlobStore.from_container_url(url, None)
    identity = own_identity()
    return AzureBlobStore.from_container_url(url, identity, own_identity=identity)


def own_identity() -> AsyncTokenCredential:
    """The Azure identity of this process, for the caller to close."""
    # The import takes half a second, and a connection string needs none of it.
    from azure.identity.aio import DefaultAzureCredential  # noqa: PLC0415

    return DefaultAzureCredential()
