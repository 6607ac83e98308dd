"""Settings: flags over variables, and errors that name the variable."""

from pathlib import Path

import pytest

from consumers.errors import SettingsError
from consumers.settings import options, read_settings

LEAST = {"EVENTHUB_CONNECTION_STRING": "hub", "STORAGE_CONNECTION_STRING": "storage"}


def test_a_flag_is_stronger_than_its_variable_and_that_than_the_default() -> None:
    assert read_settings({}, LEAST).checkpoint_interval_s == 3
    environment = {**LEAST, "CHECKPOINT_INTERVAL_S": "0.5"}
    assert read_settings({}, environment).checkpoint_interval_s == 0.5
    assert read_settings({"checkpoint_interval_s": "7"}, environment).checkpoint_interval_s == 7


@pytest.mark.parametrize("missing", LEAST)
def test_a_missing_edge_is_named(missing: str) -> None:
    with pytest.raises(SettingsError, match=missing):
        read_settings({}, {name: value for name, value in LEAST.items() if name != missing})


def test_an_identity_needs_no_key() -> None:
    settings = read_settings(
        {},
        {
            "EVENTHUB_NAMESPACE": "contoso.servicebus.windows.net",
            "TABLES_URL": "https://contoso.table.core.windows.net",
            "BLOBS_URL": "https://contoso.blob.core.windows.net",
        },
    )
    assert settings.eventhub_connection_string is None


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("BATCH_EVENTS_MAX", "0"),
        ("BATCH_EVENTS_MAX", "many"),
        ("LINGER_S", "-1"),
        ("LINGER_S", "x"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read_settings({}, {**LEAST, variable: text})


def test_price_books_are_a_list_of_paths() -> None:
    settings = read_settings({}, {**LEAST, "PRICE_BOOKS": "a.toml:b/c.toml"})
    assert settings.price_books == (Path("a.toml"), Path("b/c.toml"))


def test_every_flag_is_its_variable_in_lower_case() -> None:
    for option in options():
        assert option.flag == "--" + option.variable.lower().replace("_", "-")
