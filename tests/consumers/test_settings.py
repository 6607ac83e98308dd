"""Settings: flags over variables, and errors that name the variable."""

import os
from pathlib import Path

import pytest

from consumers.errors import SettingsError
from consumers.pairing.run import hub_settings
from consumers.running.clients import open_clients
from consumers.settings import options, read_settings
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.price_sources.ages import PRICE_AGE_DAYS_MAX
from table_api.errors import SettingsError as StorageSettingsError
from tests.consumers.process import ConsumerProcess

LEAST = {"EVENTHUB_CONNECTION_STRING": "hub", "STORAGE_CONNECTION_STRING": "storage"}

USABLE = {
    "EVENTHUB_CONNECTION_STRING": "Endpoint=sb://h/;SharedAccessKeyName=a;SharedAccessKey=k",
    "STORAGE_CONNECTION_STRING": "AccountName=a;AccountKey=a2V5",
}


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


@pytest.mark.parametrize("apart", [True, False])
def test_the_log_may_come_through_a_namespace_of_its_own(apart: bool) -> None:
    usual, other = "usage.servicebus.windows.net", "log.servicebus.windows.net"
    environment = {"EVENTHUB_NAMESPACE": usual, "STORAGE_CONNECTION_STRING": "storage"}
    if apart:
        environment["DIAGNOSTICS_EVENTHUB_NAMESPACE"] = other
    usage, diagnostics = hub_settings(read_settings({}, environment))
    assert (usage.eventhub_namespace, usage.eventhub_name) == (usual, "llm-usage")
    assert diagnostics.eventhub_namespace == (other if apart else usual)
    assert diagnostics.eventhub_name == "apim-diagnostics"


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("BATCH_EVENTS_MAX", "0"),
        ("BATCH_EVENTS_MAX", "many"),
        ("LINGER_S", "-1"),
        ("BATCH_EVENTS_MAX", "9" * 30),
        ("HUB_RETENTION_DAYS", "91"),
        ("LEDGER_SHARDS", "101"),
        ("CHECKPOINT_CONTAINER", "cp"),
        ("CHECKPOINT_CONTAINER", "c" * 64),
        ("CHECKPOINT_CONTAINER", "Checkpoints"),
        ("CHECKPOINT_CONTAINER", "check_points"),
        ("CHECKPOINT_CONTAINER", "check--points"),
        ("DEAD_LETTER_CONTAINER", "-letters"),
        ("DEAD_LETTER_CONTAINER", "letters-"),
        ("DEAD_LETTER_CONTAINER", "letters\n"),
        ("LINGER_S", "x"),
        ("LINGER_S", "NaN"),
        ("LINGER_S", "1e100000"),
        ("EVENTHUB_NAMESPACE", "sb://contoso/"),
        ("TABLES_URL", "contoso"),
        ("TABLES_URL", "https://["),
        ("BLOBS_URL", "http://contoso.blob.core.windows.net"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_by_name(variable: str, text: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read_settings({}, {**LEAST, variable: text})


@pytest.mark.parametrize("name", ["abc", "1-2", "c" * 63])
def test_a_container_is_named_as_azure_allows(name: str) -> None:
    assert read_settings({}, {**LEAST, "CHECKPOINT_CONTAINER": name}).checkpoint_container == name


def test_as_many_shards_as_keys_can_spell_are_taken() -> None:
    assert read_settings({}, {**LEAST, "LEDGER_SHARDS": "100"}).ledger_shards == 100
    with pytest.raises(SettingsError, match=r"LEDGER_SHARDS.* from 1 to 100"):
        read_settings({}, {**LEAST, "LEDGER_SHARDS": "101"})


def no_hub(text: str) -> tuple[str, str]:
    return "EVENTHUB_CONNECTION_STRING", text


def no_account(text: str) -> tuple[str, str]:
    return "STORAGE_CONNECTION_STRING", text


@pytest.mark.parametrize("verb", ["run", "check"])
async def test_a_verb_without_a_usable_address_says_so_and_exits_with_1(verb: str) -> None:
    arguments = (verb, "--eventhub-connection-string", "x")
    async with ConsumerProcess.running(arguments, {**os.environ, **USABLE}) as process:
        assert await process.exit_code() == 1
    [line] = process.lines
    # A service writes a line of its log, a verb for people plain text.
    assert line["action"] == ("failed" if verb == "run" else "not json")
    assert "EVENTHUB_CONNECTION_STRING" in line["message"]


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        no_hub("x"),
        no_hub(";;"),
        no_hub("Endpoint=sb://h/"),
        no_hub("Endpoint=nonsense;SharedAccessKeyName=a;SharedAccessKey=k"),
        no_hub("Endpoint=sb://h:port/;SharedAccessKeyName=a;SharedAccessKey=k"),
        no_hub("Endpoint=sb://[;SharedAccessKeyName=a;SharedAccessKey=k"),
        no_account("x"),
        no_account("AccountName=a"),
        no_account("AccountName=a;AccountKey=!!!"),
        no_account("AccountName=a;AccountKey=abc"),
        no_account("AccountName=a;AccountKey=a2V5;TableEndpoint=foo"),
        no_account("AccountName=a;AccountKey=a2V5;TableEndpoint=http://["),
        no_account("AccountName=a;AccountKey=a2V5;BlobEndpoint=http://["),
        no_account("AccountName=a;AccountKey=a2V5;;=;x"),
    ],
)
async def test_an_address_that_is_none_is_refused_by_name_and_without_its_key(
    variable: str, text: str
) -> None:
    with pytest.raises((SettingsError, StorageSettingsError), match=variable) as found:
        async with open_clients(read_settings({}, {**USABLE, variable: text})):
            pass
    assert "a2V5" not in str(found.value)


async def test_development_storage_is_the_local_emulator_at_its_usual_ports() -> None:
    settings = read_settings(
        {}, {**USABLE, "STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true"}
    )
    async with open_clients(settings) as edges:
        assert edges.checkpoint_container.url.startswith("http://127.0.0.1:10000/devstoreaccount1/")


def test_price_books_are_a_list_of_paths() -> None:
    settings = read_settings({}, {**LEAST, "PRICE_BOOKS": "a.toml:b/c.toml"})
    assert settings.price_books == (Path("a.toml"), Path("b/c.toml"))


def test_price_sources_are_those_of_the_price_book() -> None:
    assert read_settings({}, LEAST).price_sources.split(",") == list(PriceOrigin)
    named = read_settings({}, {**LEAST, "PRICE_SOURCES": "azure,vendor"})
    assert named.price_sources == "azure,vendor"
    with pytest.raises(SettingsError, match="expected some of azure, vendor, reported"):
        read_settings({}, {**LEAST, "PRICE_SOURCES": "azure,rumour"})


def test_a_price_is_old_after_the_days_that_the_price_books_say() -> None:
    assert read_settings({}, LEAST).price_age_days_max == PRICE_AGE_DAYS_MAX
    named = read_settings({}, {**LEAST, "PRICE_AGE_DAYS_MAX": "30"})
    assert named.price_age_days_max == 30


def test_every_flag_is_its_variable_in_lower_case() -> None:
    for option in options():
        assert option.flag == "--" + option.variable.lower().replace("_", "-")
