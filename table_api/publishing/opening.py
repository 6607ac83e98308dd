"""Opens a publisher as the verb and the timer need it, and reads what an operator chose."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from table_api.errors import SettingsError
from table_api.publishing.follow import Publisher
from table_api.publishing.send import Sender
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc
from telemetry.exporting.providers import resource_of
from telemetry.exporting.pseudonym import Pseudonyms
from telemetry.settings import BadTelemetry, TelemetrySettings, read_telemetry
from telemetry.setup import event_exporter

PUBLISH_FROM = "PUBLISH_FROM"
SERVICE = "publisher"


@dataclass(frozen=True, slots=True)
class PublishingSettings:
    """Where the ledger is published to, and from which day on."""

    telemetry: TelemetrySettings
    start: date | None
    """First charge day; None is the ledger's first."""


def read_publishing(environment: Mapping[str, str]) -> PublishingSettings:
    """SettingsError names the variable that cannot be used."""
    try:
        telemetry = read_telemetry(environment)
    except BadTelemetry as error:
        raise SettingsError(str(error)) from error
    text = environment.get(PUBLISH_FROM)
    try:
        start = date.fromisoformat(text) if text else None
    except ValueError:
        raise SettingsError(f"{PUBLISH_FROM} {text!r} is not a day as in 2026-11-20") from None
    return PublishingSettings(telemetry, start)


async def open_publisher(
    storage: TableStorage, telemetry: TelemetrySettings, *, now: Callable[[], datetime] = now_utc
) -> Publisher:
    """NoLedger before there is one; SettingsError where telemetry goes nowhere."""
    if not telemetry.is_on:
        raise SettingsError(
            "set APPLICATIONINSIGHTS_CONNECTION_STRING, or OTEL_EXPORTER_OTLP_ENDPOINT"
        )
    try:
        exporter = event_exporter(telemetry)
    except BadTelemetry as error:
        raise SettingsError(str(error)) from error
    return await Publisher.open(
        storage,
        Sender(exporter),
        names=Pseudonyms(telemetry.subject_key),
        resource=resource_of(SERVICE),
        now=now,
    )
