"""Opens a publisher as the verb and the timer need it."""

from collections.abc import Callable
from datetime import datetime

from table_api.errors import SettingsError
from table_api.publishing.follow import Publisher
from table_api.publishing.send import Sender
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc
from telemetry.exporting.providers import resource_of
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.settings import TelemetrySettings
from telemetry.setup import event_exporter

SERVICE = "publisher"
UNRESOLVED = "@Microsoft.KeyVault("
"""What Azure Functions hands on in place of a secret that it cannot read."""


async def open_publisher(
    storage: TableStorage, telemetry: TelemetrySettings, *, now: Callable[[], datetime] = now_utc
) -> Publisher:
    """NoLedger before there is one; SettingsError where telemetry goes nowhere, and BadTelemetry
    where it cannot go.
    """
    if not telemetry.is_on:
        raise SettingsError(
            "set APPLICATIONINSIGHTS_CONNECTION_STRING, or OTEL_EXPORTER_OTLP_ENDPOINT"
        )
    if (telemetry.subject_key or "").startswith(UNRESOLVED):
        raise SettingsError(
            "TELEMETRY_SUBJECT_KEY is a reference to a vault that the platform has not resolved: "
            "pseudonyms made with it would be of other people"
        )
    return await Publisher.open(
        storage,
        Sender(event_exporter(telemetry)),
        names=Pseudonyms(telemetry.subject_key),
        resource=resource_of(SERVICE),
        now=now,
    )
