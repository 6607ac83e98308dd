"""Settings of the API's processes, read once from flags and the environment."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from table_api.azure_storage import AzureTableStorage
from table_api.completeness_reads import Paths
from table_api.errors import SettingsError
from table_api.loopback import is_loopback
from table_api.metering_status import MeteringPlace


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


def metering_place(environment: Mapping[str, str]) -> MeteringPlace:
    """Whose progress is shown: EVENTHUB_NAME and CONSUMER_GROUP, as the consumers have them."""
    place = MeteringPlace()
    return MeteringPlace(
        hub=environment.get("EVENTHUB_NAME") or place.hub,
        group=environment.get("CONSUMER_GROUP") or place.group,
    )


def paths(environment: Mapping[str, str]) -> Paths:
    """What completeness compares: EVENTHUB_NAME, DIAGNOSTICS_HUB_NAME and PAIRING_GROUP."""
    usual = Paths()
    return Paths(
        usage_hub=environment.get("EVENTHUB_NAME") or usual.usage_hub,
        diagnostics_hub=environment.get("DIAGNOSTICS_HUB_NAME") or usual.diagnostics_hub,
        group=environment.get("PAIRING_GROUP") or usual.group,
    )


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


def check_local(auth_mode: str, host: str) -> None:
    """SettingsError unless the mode is `local` and the host cannot be reached from elsewhere."""
    if auth_mode != "local":
        raise SettingsError(f"AUTH_MODE {auth_mode!r} is not known; the only one here is 'local'")
    if not is_loopback(host):
        raise SettingsError(
            f"API_HOST {host!r} can be reached from other machines, and AUTH_MODE=local checks "
            "nobody: bind to 127.0.0.1, ::1 or localhost"
        )
