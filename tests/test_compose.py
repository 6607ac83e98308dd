"""compose.yaml: what it starts is accepted by the programs, pinned, and on loopback alone. No test
here starts a container."""

import json
from typing import Any

import pytest
import typer
import yaml  # type: ignore[import-untyped]

from local_stack.demo.stack import PREFERRED_PORTS, Ports, settings
from table_api.storage.settings import parts_of, spelled_out
from tests.paths import ROOT
from tests.test_commands import APPS, parse

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROGRAMS = {name: each for name, each in SERVICES.items() if each["image"] == "chargeback"}


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_a_program_takes_its_command(name: str) -> None:
    python, option, module, *words = PROGRAMS[name]["command"]
    assert (python, option) == ("python", "-m")
    if module == "streamlit":
        assert (ROOT / words[1]).is_file()
        assert words[2:] == ["--server.address", "127.0.0.1"]
    else:
        parse(typer.main.get_command(APPS[module]), module, words)


def test_the_settings_are_those_of_the_demonstration() -> None:
    made = dict(settings(Ports(**PREFERRED_PORTS)))
    given = dict(PROGRAMS["metering"]["environment"])
    storage = spelled_out(given.pop("STORAGE_CONNECTION_STRING"))
    assert parts_of(storage).items() <= parts_of(made["STORAGE_CONNECTION_STRING"]).items()
    inside = given.pop("PRICE_BOOKS").removeprefix("/app/")
    assert (ROOT / inside).samefile(made.pop("PRICE_BOOKS"))
    assert given == {name: made[name] for name in given}
    for name in PROGRAMS.keys() - {"ui"}:
        assert PROGRAMS[name]["environment"] == PROGRAMS["metering"]["environment"]
    assert PROGRAMS["ui"]["environment"] == {
        "API_URL": f"http://127.0.0.1:{PREFERRED_PORTS['api']}"
    }


def test_images_are_pinned_and_what_is_mounted_exists() -> None:
    azurite = json.loads((ROOT / "package.json").read_bytes())["dependencies"]["azurite"]
    assert SERVICES["storage"]["image"].endswith(f"/azurite:{azurite}")
    assert all(each["build"] == "." for each in PROGRAMS.values())
    for each in SERVICES.values():
        assert each["network_mode"] == "host"
        assert each["cap_drop"] == ["ALL"]
        for volume in each["volumes"]:
            source = volume.split(":")[0]
            assert source in COMPOSE["volumes"] or (ROOT / source).is_dir()
        assert set(each.get("depends_on", ())) <= SERVICES.keys()
