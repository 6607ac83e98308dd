"""What an operator chooses about the tables' programs: one value, read once from the environment.

VARIABLES is the list; docs/api.md explains each, and a test compares. Nothing else reads them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from table_api.consumer_state.groups import DEFAULT_GROUPS, Groups
from table_api.errors import SettingsError
from table_api.invoicing.settings import DEFAULT_INVOICING, InvoicingSettings
from table_api.storage.settings import TABLE_CLIENTS, StorageSettings, spelled_out


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of the environment."""

    name: str
    meaning: str
    default: str = ""


VARIABLES = (
    Variable("STORAGE_CONNECTION_STRING", "connection string of the storage account (local use)"),
    Variable("TABLES_URL", "https://ACCOUNT.table.core.windows.net; by identity"),
    Variable(
        "BLOBS_URL", "https://ACCOUNT.blob.core.windows.net; default: of TABLES_URL's account"
    ),
    Variable(
        "TABLE_CLIENT", "what sends table transactions: direct or azure-core", TABLE_CLIENTS[0]
    ),
    Variable("EVENTHUB_NAME", "the event hub of usage events", DEFAULT_GROUPS.usage_hub),
    Variable("CONSUMER_GROUP", "consumer group that meters them", DEFAULT_GROUPS.metering_group),
    Variable(
        "DIAGNOSTICS_HUB_NAME", "the event hub of the gateway's log", DEFAULT_GROUPS.diagnostics_hub
    ),
    Variable("PAIRING_GROUP", "consumer group that pairs both hubs", DEFAULT_GROUPS.pairing_group),
    Variable("INVOICE_ISSUER", "who bills", DEFAULT_INVOICING.issuer),
    Variable("INVOICE_PREFIX", "start of invoice numbers", DEFAULT_INVOICING.prefix),
    Variable(
        "INVOICE_LOOK_BACK_MONTHS",
        "earlier months that a close corrects",
        str(DEFAULT_INVOICING.look_back_months),
    ),
    Variable(
        "INVOICE_OPEN_CALLS_MAX",
        "more calls without usage than this refuse a close",
        str(DEFAULT_INVOICING.open_calls_max),
    ),
    Variable(
        "INVOICE_DEAD_LETTERS_MAX",
        "more open dead letters of the month than this refuse a close",
        str(DEFAULT_INVOICING.dead_letters_max),
    ),
    Variable(
        "INVOICE_WITHOUT_PAIRING",
        "`true` where pairing never runs: a close does not wait for it",
        "false",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting of the API, the verbs and the timer."""

    storage: StorageSettings
    groups: Groups
    invoicing: InvoicingSettings


def read_settings(environment: Mapping[str, str]) -> Settings:
    """SettingsError names the variable that is missing or cannot be used."""
    values = {each.name: environment.get(each.name) or each.default for each in VARIABLES}
    return Settings(
        storage=_storage(values),
        groups=Groups(
            usage_hub=values["EVENTHUB_NAME"],
            diagnostics_hub=values["DIAGNOSTICS_HUB_NAME"],
            metering_group=values["CONSUMER_GROUP"],
            pairing_group=values["PAIRING_GROUP"],
        ),
        invoicing=InvoicingSettings(
            issuer=values["INVOICE_ISSUER"],
            prefix=_prefix(values["INVOICE_PREFIX"]),
            look_back_months=_number(values, "INVOICE_LOOK_BACK_MONTHS"),
            open_calls_max=_number(values, "INVOICE_OPEN_CALLS_MAX"),
            dead_letters_max=_number(values, "INVOICE_DEAD_LETTERS_MAX"),
            without_pairing=_flag(values, "INVOICE_WITHOUT_PAIRING"),
        ),
    )


def _storage(values: Mapping[str, str]) -> StorageSettings:
    connection_string, tables_url = values["STORAGE_CONNECTION_STRING"], values["TABLES_URL"]
    if bool(connection_string) == bool(tables_url):
        found = "both are" if tables_url else "neither is"
        raise SettingsError(
            f"set either STORAGE_CONNECTION_STRING or TABLES_URL (with an identity): {found} set"
        )
    direct = _direct(values["TABLE_CLIENT"])
    if connection_string:
        return StorageSettings(connection_string=spelled_out(connection_string), direct=direct)
    blobs_url = values["BLOBS_URL"] or tables_url.replace(".table.", ".blob.", 1)
    for name, url in (("TABLES_URL", tables_url), ("BLOBS_URL", blobs_url)):
        if not url.startswith("https://"):
            raise SettingsError(f"{name} {url!r} does not start with https://")
    return StorageSettings(tables_url=tables_url, blobs_url=blobs_url, direct=direct)


def _direct(client: str) -> bool:
    if client not in TABLE_CLIENTS:
        raise SettingsError(f"TABLE_CLIENT {client!r} is not {' or '.join(TABLE_CLIENTS)}")
    return client == TABLE_CLIENTS[0]


def _prefix(text: str) -> str:
    if not (text.isascii() and text.isalnum() and text.isupper() and len(text) <= 10):
        raise SettingsError(
            f"INVOICE_PREFIX {text!r} is not 1 to 10 capital letters and digits, as in INV"
        )
    return text


def _number(values: Mapping[str, str], name: str) -> int:
    text = values[name]
    if not (text.isascii() and text.isdigit()):
        raise SettingsError(f"{name} {text!r} is not a whole number")
    return int(text)


def _flag(values: Mapping[str, str], name: str) -> bool:
    text = values[name]
    if text not in {"true", "false"}:
        raise SettingsError(f"{name} {text!r} is not true or false")
    return text == "true"
