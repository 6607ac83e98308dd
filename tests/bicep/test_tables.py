"""The tables that Bicep and the code share say the same: settings, tables, containers, roles."""

import json
import re
from typing import Any

import pytest

from bicep.settings import BY_BICEP, LEFT_OUT, program_settings, render
from consumers.settings import options
from table_api.consumer_state.dead_letters import DEAD_LETTERS_TABLE
from table_api.consumer_state.progress import PROGRESS_TABLE
from table_api.consumer_state.raw_usage import RAW_USAGE_TABLE
from table_api.consumer_state.replay_positions import REPLAYS_TABLE
from table_api.consumer_state.taken_out import TAKEN_OUT_TABLE
from table_api.http_api.access.settings import ACCESS_VARIABLES
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.ledger.book_archive import CONTAINER as PRICE_BOOKS
from table_api.ledger.keys import LEDGER_TABLE
from table_api.ledger.meta import META_TABLE
from table_api.monthly.projected_day import MONTHLY_TABLE
from table_api.open_calls.keys import OPEN_CALLS_TABLE
from table_api.open_calls.purged_hours import COUNTED_CALLS_CONTAINER
from table_api.open_calls.summed_hours import COMPLETENESS_TABLE
from table_api.owners.access_log import ACCESS_LOG_TABLE
from table_api.owners.ownership import OWNERS_TABLE
from table_api.people.people import PEOPLE_TABLE
from table_api.prices.price_list import PRICES_TABLE
from table_api.publishing.marks import PUBLISHED_TABLE
from table_api.rerating.runs_table import DOCUMENTS_CONTAINER, RERATINGS_TABLE
from table_api.settings import VARIABLES
from telemetry.settings import VARIABLES as TELEMETRY
from tests.paths import ROOT

BICEP = ROOT / "bicep"
TABLES = {
    ACCESS_LOG_TABLE, COMPLETENESS_TABLE, DEAD_LETTERS_TABLE, LEDGER_TABLE, META_TABLE,
    MONTHLY_TABLE, OPEN_CALLS_TABLE, OWNERS_TABLE, PEOPLE_TABLE, PRICES_TABLE, PROGRESS_TABLE, RAW_USAGE_TABLE,
    REPLAYS_TABLE, RERATINGS_TABLE, TAKEN_OUT_TABLE, PUBLISHED_TABLE,
}  # fmt: skip


def read(name: str) -> Any:
    return json.loads((BICEP / name).read_text(encoding="utf-8"))


def test_the_file_of_settings_is_what_the_code_says() -> None:
    assert (BICEP / "settings.json").read_text(encoding="utf-8") == render()


def test_every_setting_of_the_code_is_deployed_or_left_out_for_a_reason() -> None:
    deployed = {name for defaults in program_settings().values() for name in defaults}
    known = {each.variable for each in options()}
    known |= {each.name for each in (*VARIABLES, *ACCESS_VARIABLES)}
    known |= {each.name for each in TELEMETRY}
    assert deployed | LEFT_OUT == known
    assert not deployed & LEFT_OUT


@pytest.mark.parametrize("name", sorted(BY_BICEP))
def test_bicep_sets_what_it_knows_better(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in BICEP.rglob("*.bicep")]
    assert any(re.search(rf"^ .*\b{name}: ", text, re.MULTILINE) for text in texts)


def test_every_table_and_container_is_deployed() -> None:
    storage = read("storage.json")
    assert set(storage["tables"]) == TABLES
    containers = {PRICE_BOOKS, DOCUMENTS_CONTAINER, COUNTED_CALLS_CONTAINER, "capture"}
    defaults = {each.variable: each.default for each in options()}
    containers |= {defaults["CHECKPOINT_CONTAINER"], defaults["DEAD_LETTER_CONTAINER"]}
    assert set(storage["containers"]) == containers
    assert INVOICES not in storage["containers"]  # it has a policy of its own
    assert f"name: '{INVOICES}'" in (BICEP / "modules/storage.bicep").read_text(encoding="utf-8")


def test_every_role_is_of_somebody_and_on_something_that_is_deployed() -> None:
    roles, storage = read("roles.json"), read("storage.json")
    identities = (BICEP / "modules/identities.bicep").read_text(encoding="utf-8")
    [listed] = re.findall(r"^var processes = \[(.*)\]$", identities, re.MULTILINE)
    processes = set(re.findall(r"'(\w+)'", listed))
    assigned = [each for kind, lines in roles.items() if kind != "ids" for each in lines]
    assert {each["who"] for each in assigned} == {*processes, "gateway", "operator"}
    assert {each["role"] for each in assigned} == roles["ids"].keys()
    assert {each["table"] for each in roles["tables"]} <= set(storage["tables"])
    containers = {*storage["containers"], INVOICES}
    assert {each["container"] for each in (*roles["containers"], *roles["capture"])} <= containers
    main = (BICEP / "main.bicep").read_text(encoding="utf-8")
    used = re.findall(r"\b(?:identityIds|clientIds|principals)\.(\w+)", main)
    assert processes == set(used)


def test_no_role_is_wider_than_it_has_to_be() -> None:
    """Only the Functions host owns data: that of its own account."""
    roles = read("roles.json")
    wide = {"Storage Blob Data Owner", "Azure Event Hubs Data Owner", "Contributor", "Owner"}
    found = {
        (kind, each["who"])
        for kind, lines in roles.items()
        if kind != "ids"
        for each in lines
        if each["role"] in wide
    }
    assert found == {("functionStorage", "api")}
    writers = {each["who"] for each in roles["account"] if each["role"].endswith("Contributor")}
    assert writers == {"metering", "pairing", "audit", "operator"}
