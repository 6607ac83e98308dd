"""`people import` and `people erase` from the command line, on Azurite."""

import asyncio
import json
import os
import sys
from datetime import date
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from local_stack.demo.azurite import AzuritePorts
from table_api.__main__ import main
from table_api.ledger.meta import read_meta
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.regroupings import Regroupings
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.timestamp import now_utc
from tests.fixtures.builders import call_id
from tests.fixtures.calls import NOW, SETTINGS, make_call

FILE = """subject,display_name,cost_centre,valid_from
person-verbs-a,Ada,R&D,2026-01-01
person-verbs-b,陳美玲,IT,2026-01-01
"""


def rows(ports: AzuritePorts) -> dict[str, tuple[str | None, str | None]]:
    with TableServiceClient.from_connection_string(ports.connection_string) as service:
        service.create_table_if_not_exists("people")
        found = service.get_table_client("people").list_entities()
        return {
            row["subject"]: (row.get("display_name"), row.get("cost_centre"))
            for row in found
            if row["subject"].startswith("person-verbs-")
        }


def test_import_shows_and_writes_and_erase_keeps_the_cost_centre(
    azurite: AzuritePorts,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", azurite.connection_string)
    file = tmp_path / "people.csv"
    file.write_text(FILE, encoding="utf-8")
    assert main(["people", "import", "--dry-run", str(file)]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines()[0] == f"new\tperson-verbs-a\t{date(2026, 1, 1)}\tR&D"
    assert "nothing is written: 2 rows are good" in said.err
    assert "Ada" not in said.out
    assert main(["people", "import", "--dry-run", "--json", str(file)]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["changes"][0] == ["new", "person-verbs-a", "2026-01-01", "R&D"]
    assert shown["past_days"] == []
    assert rows(azurite) == {}
    assert main(["people", "import", str(file)]) == 0
    assert rows(azurite)["person-verbs-b"] == ("陳美玲", "IT")
    assert main(["people", "erase", "person-verbs-b"]) == 0
    assert rows(azurite)["person-verbs-b"] == (None, "IT")
    assert main(["people", "erase", "person-verbs-b"]) == 1
    assert "no row of subject 'person-verbs-b' has a name" in capsys.readouterr().err


def test_bad_file_writes_nothing(
    azurite: AzuritePorts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", azurite.connection_string)
    file = tmp_path / "people.csv"
    file.write_text(FILE + "person-verbs-c,=cmd,X,2026-01-01\n", encoding="utf-8")
    before = rows(azurite)
    assert main(["people", "import", str(file)]) == 1
    assert rows(azurite) == before


async def test_import_says_which_past_days_move_keeps_it_and_a_dry_run_does_not(
    azurite: AzuritePorts, tmp_path: Path
) -> None:
    """On an account with a ledger of any settings: the verb reads what stands."""
    environment = {"STORAGE_CONNECTION_STRING": azurite.connection_string}
    file = tmp_path / "people.csv"
    file.write_text(
        "subject,display_name,cost_centre,valid_from\nperson-moved,Ada,R&D,2026-01-01\n",
        encoding="utf-8",
    )
    storage = AzureTableStorage.from_connection_string(azurite.connection_string)
    meta = await read_meta(storage)
    ledger = await ProjectedLedger.open(
        storage, meta.settings if meta else SETTINGS, now=lambda: NOW
    )
    await ledger.post([make_call(1, subject="person-moved")])

    async def imported(*flags: str) -> str:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "table_api", "people", "import", str(file), *flags),
            env={**os.environ, **environment},
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
        assert process.returncode == 0
        return said.decode()

    async def kept() -> list[str | None]:
        await storage.create_table("people")
        found = await Regroupings(storage).newest()
        return [line.after for line in found if line.subject == "person-moved"]

    moved = "past days\tperson-moved\t2026-11-20 to 2026-11-20\t- → R&D\t1 calls, 0.0011952 move"
    assert moved in await imported("--dry-run")
    assert await kept() == []
    assert moved in await imported()
    assert await kept() == ["R&D"]
    assert "past days" not in await imported()
    await storage.close()


async def test_a_subject_without_a_recent_call_is_named_and_not_refused(
    azurite: AzuritePorts, tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        "subject,display_name,cost_centre,valid_from\n"
        "person-seen,Ada,R&D,2026-01-01\nperson-mispelt,Bob,R&D,2026-01-01\n",
        encoding="utf-8",
    )
    storage = AzureTableStorage.from_connection_string(azurite.connection_string)
    meta = await read_meta(storage)
    ledger = await ProjectedLedger.open(storage, meta.settings if meta else SETTINGS, now=now_utc)
    await ledger.post([make_call(2, id=call_id(2), subject="person-seen", time=now_utc())])
    await storage.close()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "table_api", "people", "import", "--dry-run", str(file)),
        env={**os.environ, "STORAGE_CONNECTION_STRING": azurite.connection_string},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await process.communicate()
    assert process.returncode == 0
    assert b"no call of the last 92 days has subject 'person-mispelt'" in said
    assert b"person-seen" not in said


def test_owners_are_imported_and_listed(
    azurite: AzuritePorts,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", azurite.connection_string)
    file = tmp_path / "owners.csv"
    header = "owner,kind,name,valid_from,valid_until\n"
    file.write_text(f"{header}owner-verbs-a,cost_centre,R&D,2026-01-01,\n", encoding="utf-8")
    line = "owner-verbs-a\tcost_centre\tR&D\t2026-01-01\t"
    assert main(["people", "import-owners", "--dry-run", str(file)]) == 0
    said = capsys.readouterr()
    assert (said.out, "nothing is written: 1 rows" in said.err) == (f"new\t{line}open\n", True)
    assert main(["people", "import-owners", "--json", str(file)]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {"changes": [["new", *line.split("\t")[:-1], "open"]]}
    assert "1 rows are stored" in said.err
    people = tmp_path / "people.csv"
    people.write_text(
        "subject,display_name,cost_centre,valid_from\nperson-owned,Ann,Research,2026-01-01\n",
        encoding="utf-8",
    )
    assert main(["people", "import", str(people)]) == 0
    file.write_text(f"{header}owner-verbs-b,cost_centre,Reserch,2026-01-01,\n", encoding="utf-8")
    assert main(["people", "import-owners", "--dry-run", str(file)]) == 0
    asked = "'Reserch': nobody has this cost centre; the nearest is 'Research'"
    assert asked in capsys.readouterr().err
    assert main(["people", "owners"]) == 0
    assert line in capsys.readouterr().out.splitlines()
    assert main(["people", "owners", "--json"]) == 0
    [row] = [
        each for each in json.loads(capsys.readouterr().out) if each["owner"] == "owner-verbs-a"
    ]
    assert (row["kind"], row["name"], row["valid_until"]) == ("cost_centre", "R&D", None)
    file.write_text(f"{header}owner-verbs-a,team,R&D,2026-01-01,\n", encoding="utf-8")
    assert main(["people", "import-owners", str(file)]) == 1
    assert "line 2: kind 'team'" in capsys.readouterr().err
