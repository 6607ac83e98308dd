"""The tables that Bicep and the code share say the same: settings, tables, containers, roles."""

import json
import re
from typing import Any

import pytest

from bicep.settings import BY_BICEP, LEFT_OUT, program_settings, render
from consumers.settings import options
from table_api.http_api.access.settings import ACCESS_VARIABLES
from table_api.invoicing.settings import CONTAINER as INVOICES
from table_api.settings import VARIABLES
from telemetry.settings import VARIABLES as TELEMETRY
from telemetry.settings import WORKSPACE_ID
from tests.paths import ROOT

BICEP = ROOT / "bicep"


def named_in_code(constant: str) -> set[str]:
    """The values of all constants of the product whose name ends so."""
    texts = [
        path.read_text(encoding="utf-8")
        for package in ("table_api", "consumers")
        for path in (ROOT / package).rglob("*.py")
    ]
    found = rf'^\w*{constant} = "([a-z-]+)"$'
    return {name for text in texts for name in re.findall(found, text, re.MULTILINE)}


def read(name: str) -> Any:
    return json.loads((BICEP / name).read_text(encoding="utf-8"))


def test_the_file_of_settings_is_what_the_code_says() -> None:
    assert (BICEP / "settings.json").read_text(encoding="utf-8") == render()


def test_every_setting_of_the_code_is_deployed_or_left_out_for_a_reason() -> None:
    deployed = {name for defaults in program_settings().values() for name in defaults}
    known = {each.variable for each in options()}
    known |= {each.name for each in (*VARIABLES, *ACCESS_VARIABLES)}
    known |= {each.name for each in TELEMETRY} | {WORKSPACE_ID.name}
    assert deployed | LEFT_OUT == known
    assert not deployed & LEFT_OUT


@pytest.mark.parametrize("name", sorted(BY_BICEP))
def test_bicep_sets_what_it_knows_better(name: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in BICEP.rglob("*.bicep")]
    assert any(re.search(rf"^ .*\b{name}: ", text, re.MULTILINE) for text in texts)


def test_every_table_and_container_is_deployed() -> None:
    storage = read("storage.json")
    tables = named_in_code("TABLE")
    assert {"ledger", "published", "accesslog"} <= tables
    assert set(storage["tables"]) == tables
    defaults = {each.variable: each.default for each in options()}
    containers = {defaults["CHECKPOINT_CONTAINER"], defaults["DEAD_LETTER_CONTAINER"], "capture"}
    containers |= named_in_code("CONTAINER")
    assert set(storage["containers"]) == containers - {INVOICES}  # it has a policy of its own
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
