"""The settings of the consumers: one frozen value, from flags over environment variables.

docs/consumer.md lists all of them; a test compares. Nothing else reads the environment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from consumers.errors import SettingsError
from consumers.setting_values import (
    DAYS_MAX,
    PRICE_AGE_DAYS_MAX,
    host,
    https_url,
    one_of,
    paths,
    positive,
    price_sources,
    seconds,
    up_to,
)
from pricing_rules.verbs.options import PRICE_SOURCES
from table_api.consumer_state.groups import Groups
from table_api.storage.keys import SHARDS_MAX
from table_api.storage.settings import TABLE_CLIENTS, StorageSettings, container_name, spelled_out


def _setting(
    variable: str, meaning: str, *, default: Any = None, parse: Callable[[str], Any] = str
) -> Any:
    metadata = {"variable": variable, "meaning": meaning, "parse": parse}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of every verb; the flag of `checkpoint_interval_s` is that with dashes."""

    eventhub_connection_string: str | None = _setting(
        "EVENTHUB_CONNECTION_STRING", "connection string with a key (local use, or the emulator)"
    )
    eventhub_namespace: str | None = _setting(
        "EVENTHUB_NAMESPACE",
        "fully qualified namespace; the process signs in by its identity",
        parse=host,
    )
    eventhub_name: str = _setting(
        "EVENTHUB_NAME", "the event hub of usage events", default="llm-usage"
    )
    consumer_group: str = _setting(
        "CONSUMER_GROUP", "consumer group that meters it", default="metering"
    )
    storage_connection_string: str | None = _setting(
        "STORAGE_CONNECTION_STRING",
        "connection string of the storage account (local use)",
        parse=spelled_out,
    )
    tables_url: str | None = _setting(
        "TABLES_URL", "https://ACCOUNT.table.core.windows.net; by identity", parse=https_url
    )
    blobs_url: str | None = _setting(
        "BLOBS_URL", "https://ACCOUNT.blob.core.windows.net; by identity", parse=https_url
    )
    table_client: str = _setting(
        "TABLE_CLIENT",
        "what sends table transactions: direct or azure-core",
        default=TABLE_CLIENTS[0], parse=one_of(TABLE_CLIENTS),
    )  # fmt: skip
    checkpoint_container: str = _setting(
        "CHECKPOINT_CONTAINER",
        "blob container of checkpoints", default="checkpoints", parse=container_name,
    )  # fmt: skip
    dead_letter_container: str = _setting(
        "DEAD_LETTER_CONTAINER",
        "blob container of dead letters", default="dead-letters", parse=container_name,
    )  # fmt: skip
    price_books: tuple[Path, ...] = _setting(
        "PRICE_BOOKS", "rule files of your own, separated as in PATH", default=(), parse=paths
    )
    price_sources: str = _setting(
        "PRICE_SOURCES",
        "whose prices are used: some of azure, vendor, reported",
        default=",".join(PRICE_SOURCES),
        parse=price_sources,
    )
    price_age_days_max: int = _setting(
        "PRICE_AGE_DAYS_MAX",
        "days after which a price that nobody compared with its source is old",
        default=PRICE_AGE_DAYS_MAX,
        parse=positive,
    )
    billing_time_zone: str = _setting(
        "BILLING_TIME_ZONE",
        "IANA zone of days and months; fixed when the ledger is made",
        default="UTC",
    )
    pricing_currency: str = _setting(
        "PRICING_CURRENCY", "currency of list prices; fixed when the ledger is made", default="USD"
    )
    billing_currency: str = _setting(
        "BILLING_CURRENCY", "currency of bills; fixed when the ledger is made", default="USD"
    )
    ledger_shards: int = _setting(
        "LEDGER_SHARDS",
        "partitions a month; fixed when the ledger is made",
        default=16,
        parse=up_to(SHARDS_MAX),
    )
    batch_events_max: int = _setting(
        "BATCH_EVENTS_MAX", "most events in a batch", default=2_000, parse=positive
    )
    linger_s: float = _setting(
        "LINGER_S", "seconds that a batch may wait to fill", default=0.5, parse=seconds
    )
    prefetch_events: int = _setting(
        "PREFETCH_EVENTS", "events fetched ahead, per partition", default=3_000, parse=positive
    )
    checkpoint_interval_s: float = _setting(
        "CHECKPOINT_INTERVAL_S", "seconds between saves, per partition", default=3.0, parse=seconds
    )
    blob_checkpoint_interval_s: float = _setting(
        "BLOB_CHECKPOINT_INTERVAL_S",
        "seconds between checkpoints in blobs, per partition", default=30.0, parse=seconds,
    )  # fmt: skip
    load_balancing_interval_s: float = _setting(
        "LOAD_BALANCING_INTERVAL_S",
        "seconds between claims of partitions", default=20.0, parse=seconds,
    )  # fmt: skip
    ownership_expiry_s: float = _setting(
        "OWNERSHIP_EXPIRY_S",
        "seconds until a dead consumer's partitions are free",
        default=60.0,
        parse=seconds,
    )
    monitor_interval_s: float = _setting(
        "MONITOR_INTERVAL_S",
        "seconds between looks at lag and stalls",
        default=15.0,
        parse=seconds,
    )
    stall_s: float = _setting(
        "STALL_S",
        "seconds that events may wait while none arrives; then it is a stall",
        default=60.0,
        parse=seconds,
    )
    dead_letter_window_events: int = _setting(
        "DEAD_LETTER_WINDOW_EVENTS", "last events that are judged", default=1_000, parse=positive
    )
    dead_letters_of_a_sender_max: int = _setting(
        "DEAD_LETTERS_OF_A_SENDER_MAX",
        "of one sender among them; past it the partition is slowed",
        default=200,
        parse=positive,
    )
    dead_letter_percent_max: int = _setting(
        "DEAD_LETTER_PERCENT_MAX",
        "of them, whoever sent them; past it the partition is slowed, then the consumer stops",
        default=50,
        parse=positive,
    )
    dead_letter_slowed_events_per_s: int = _setting(
        "DEAD_LETTER_SLOWED_EVENTS_PER_S", "speed when it is slowed", default=100, parse=positive
    )
    diagnostics_hub_name: str = _setting(
        "DIAGNOSTICS_HUB_NAME",
        "the event hub of the gateway's diagnostic log",
        default="apim-diagnostics",
    )
    diagnostics_eventhub_namespace: str | None = _setting(
        "DIAGNOSTICS_EVENTHUB_NAMESPACE",
        "fully qualified namespace of that hub; by default that of usage events",
        parse=host,
    )
    pairing_group: str = _setting(
        "PAIRING_GROUP", "consumer group of `pair`, on both hubs", default="pairing"
    )
    pairing_grace_s: float = _setting(
        "PAIRING_GRACE_S",
        "seconds that a usage event may be late before the log replaces it",
        default=900.0,
        parse=seconds,
    )
    pairing_timeout_s: float = _setting(
        "PAIRING_TIMEOUT_S",
        "seconds that a call may wait for its other half",
        default=3_600.0,
        parse=seconds,
    )
    gateway_url: str | None = _setting(
        "GATEWAY_URL", "base URL that clients of the gateway are given, for `check --gateway`"
    )
    gateway_key: str | None = _setting(
        "GATEWAY_KEY", "subscription key or token of a subject of the check's own"
    )
    gateway_long_key: str | None = _setting(
        "GATEWAY_LONG_KEY", "key of a subscription whose id has over 116 characters"
    )
    check_group: str = _setting(
        "CHECK_GROUP", "consumer group of `check --gateway`, on both hubs", default="check"
    )
    pairing_background_timeout_s: float = _setting(
        "PAIRING_BACKGROUND_TIMEOUT_S",
        "seconds until a background answer that nobody fetches has no usage",
        default=86_400.0,
        parse=seconds,
    )
    pairing_sweep_interval_s: float = _setting(
        "PAIRING_SWEEP_INTERVAL_S",
        "seconds between looks at waiting calls",
        default=30.0,
        parse=seconds,
    )
    hub_retention_days: int = _setting(
        "HUB_RETENTION_DAYS",
        "retention of the hub that keeps events longer",
        default=7,
        parse=up_to(DAYS_MAX),
    )

    raw_usage_days: int = _setting(
        "RAW_USAGE_DAYS", "how long usage objects of unpriced calls are kept", default=100,
        parse=positive,
    )  # fmt: skip

    def __post_init__(self) -> None:
        if not (self.eventhub_connection_string or self.eventhub_namespace):
            raise SettingsError(
                "EVENTHUB_CONNECTION_STRING or EVENTHUB_NAMESPACE is not set: which event hub?"
            )
        if not (self.storage_connection_string or (self.tables_url and self.blobs_url)):
            raise SettingsError(
                "STORAGE_CONNECTION_STRING, or TABLES_URL and BLOBS_URL, are not set: "
                "which storage account?"
            )

    @property
    def storage(self) -> StorageSettings:
        """Which storage account."""
        return StorageSettings(
            connection_string=self.storage_connection_string,
            tables_url=self.tables_url,
            blobs_url=self.blobs_url,
            direct=self.table_client == TABLE_CLIENTS[0],
        )

    @property
    def groups(self) -> Groups:
        """Whose progress is stored."""
        return Groups(
            usage_hub=self.eventhub_name,
            diagnostics_hub=self.diagnostics_hub_name,
            metering_group=self.consumer_group,
            pairing_group=self.pairing_group,
        )


@dataclass(frozen=True, slots=True)
class Option:
    """How one setting is spelled outside."""

    name: str
    flag: str
    variable: str
    meaning: str
    default: str
    parse: Callable[[str], Any]


def options() -> list[Option]:
    """Every setting, in order."""
    return [
        Option(
            name=each.name,
            flag="--" + each.name.replace("_", "-"),
            variable=each.metadata["variable"],
            meaning=each.metadata["meaning"],
            default="" if each.default in (None, ()) else str(each.default),
            parse=each.metadata["parse"],
        )
        for each in fields(Settings)
    ]


def read_settings(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> Settings:
    """SettingsError names the variable that is missing or cannot be used."""
    values: dict[str, Any] = {}
    for option in options():
        text = flags.get(option.name) or environment.get(option.variable)
        if not text:
            continue
        try:
            values[option.name] = option.parse(text)
        except ValueError as error:
            raise SettingsError(
                f"{option.flag} ({option.variable}) is {text!r}, which cannot be used: {error}"
            ) from error
    return Settings(**values)
