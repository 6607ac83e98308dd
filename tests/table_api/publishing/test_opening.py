"""A publisher does not open with a key that is none."""

import pytest

from table_api.errors import SettingsError
from table_api.publishing.opening import open_publisher
from table_api.storage.memory_tables import MemoryTableStorage
from telemetry.settings import TelemetrySettings


async def test_a_reference_that_the_platform_did_not_resolve_is_no_key() -> None:
    settings = TelemetrySettings(
        connection_string="InstrumentationKey=0",
        subject_key="@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/key/)",
    )
    with pytest.raises(SettingsError, match="TELEMETRY_SUBJECT_KEY is a reference to a vault"):
        await open_publisher(MemoryTableStorage(), settings)
