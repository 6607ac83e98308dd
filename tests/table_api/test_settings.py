"""Settings of the tables' programs: defaults, what is refused."""

import pytest

from table_api.consumer_state.groups import DEFAULT_GROUPS, ConsumerGroup
from table_api.errors import SettingsError
from table_api.invoicing.settings import DEFAULT_INVOICING
from table_api.settings import read_settings
from table_api.storage.settings import DEVELOPMENT_STORAGE, StorageSettings

TABLES_URL = "https://contoso.table.core.windows.net"


def test_an_account_is_all_that_is_needed() -> None:
    settings = read_settings({"STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=a2V5"})
    assert settings.storage.connection_string == "AccountName=a;AccountKey=a2V5"
    assert settings.groups == DEFAULT_GROUPS
    assert settings.invoicing == DEFAULT_INVOICING


def test_the_emulators_short_form_is_spelled_out_for_every_sdk() -> None:
    settings = read_settings({"STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true"})
    assert settings.storage == StorageSettings(connection_string=DEVELOPMENT_STORAGE)


@pytest.mark.parametrize(
    ("given", "blobs_url"),
    [
        ({}, "https://contoso.blob.core.windows.net"),
        ({"BLOBS_URL": ""}, "https://contoso.blob.core.windows.net"),
        (
            {"BLOBS_URL": "https://other.blob.core.windows.net"},
            "https://other.blob.core.windows.net",
        ),
    ],
)
def test_blobs_are_those_of_the_tables_account_unless_named(
    given: dict[str, str], blobs_url: str
) -> None:
    settings = read_settings({"TABLES_URL": TABLES_URL, "STORAGE_CONNECTION_STRING": "", **given})
    assert settings.storage == StorageSettings(tables_url=TABLES_URL, blobs_url=blobs_url)


def test_groups_are_named_as_the_consumers_have_them() -> None:
    groups = read_settings(
        {
            "TABLES_URL": TABLES_URL,
            "EVENTHUB_NAME": "usage",
            "CONSUMER_GROUP": "m",
            "DIAGNOSTICS_HUB_NAME": "log",
            "PAIRING_GROUP": "p",
        }
    ).groups
    assert groups.metering == ConsumerGroup(hub="usage", group="m")
    assert groups.pairing_usage == ConsumerGroup(hub="usage", group="p")
    assert groups.pairing_diagnostics == ConsumerGroup(hub="log", group="p")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "set either STORAGE_CONNECTION_STRING or TABLES_URL (with an identity): neither"),
        ({"STORAGE_CONNECTION_STRING": "x", "TABLES_URL": TABLES_URL}, "both are set"),
        ({"TABLES_URL": "http://a.table"}, "TABLES_URL 'http://a.table' does not start with"),
        ({"TABLES_URL": TABLES_URL, "BLOBS_URL": "a"}, "BLOBS_URL 'a' does not start with"),
        ({"TABLES_URL": TABLES_URL, "INVOICE_PREFIX": "inv"}, "INVOICE_PREFIX 'inv' is not"),
        ({"TABLES_URL": TABLES_URL, "INVOICE_LOOK_BACK_MONTHS": "-1"}, "INVOICE_LOOK_BACK_MONTHS"),
        ({"TABLES_URL": TABLES_URL, "INVOICE_OPEN_CALLS_MAX": "x"}, "INVOICE_OPEN_CALLS_MAX 'x'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(environment: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError) as found:
        read_settings(environment)
    assert message in str(found.value)
