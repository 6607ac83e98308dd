"""`chargeback` has every verb of every package, and its page is quick and fits a screen."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chargeback.__main__ import main
from chargeback.app import Everything, app
from chargeback.reference import ALONE, MODULES, verbs_by_function
from tests.fixtures.commands import verbs_of
from tests.paths import ROOT

Output = pytest.CaptureFixture[str]
SCREEN_LINES = 42
HEAVY = ("asyncio", "azure", "fastapi", "msgspec", "pydantic", "rich", "streamlit", "uvloop")


def test_every_verb_of_every_package_is_here_once() -> None:
    own = verbs_by_function(app)
    theirs = [verbs_by_function(part) for part in (*MODULES.values(), *ALONE.values())]
    assert {function for part in theirs for function in part} <= own.keys()
    assert len(own) == len(verbs_of(app))


def test_every_name_has_one_heading() -> None:
    listed = [name for names in Everything.sections.values() for name in names]
    assert len(listed) == len(set(listed))
    assert set(listed) == {verb.split()[0] for verb in verbs_of(app)}


@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_page_fits_a_screen(columns: str) -> None:
    page = subprocess.run(
        [sys.executable, "-m", "chargeback", "--help"],
        cwd=ROOT, env={**os.environ, "COLUMNS": columns}, capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    lines = page.splitlines()
    assert len(lines) <= SCREEN_LINES
    assert max(map(len, lines)) <= min(int(columns), 100)


@pytest.mark.parametrize(
    "words",
    ["--help", "price --help", "consumer run --help", "api serve -h", "demo --help"],
)
def test_a_page_imports_nothing_that_only_a_verb_needs(words: str) -> None:
    asked = (
        "import sys; from chargeback.__main__ import main; "
        f"code = main({words.split()!r}); print(code, *sorted(set({HEAVY!r}) & sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "0"


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("chargeback con", ["consumer"]),
        ("chargeback rerate s", ["stage", "show"]),
        ("chargeback rerate show r0 --fo", ["--format"]),
        ("chargeback rerate show r0 --format j", ["json"]),
        ("chargeback price --deployment-type Data", [
            "DataZoneStandard", "DataZoneBatch", "DataZoneProvisionedManaged",
        ]),
        ("chargeback consumer run --linger", ["--linger-s"]),
    ],
)  # fmt: skip
def test_a_shell_completes_verbs_flags_and_choices(typed: str, completed: list[str]) -> None:
    asked = {
        "_CHARGEBACK_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    done = subprocess.run(
        [sys.executable, "-m", "chargeback"],
        cwd=ROOT, env={**os.environ, **asked}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == completed


def test_exit_codes_are_those_of_the_packages(
    capsys: Output, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("EVENTHUB_CONNECTION_STRING", "EVENTHUB_NAMESPACE", "STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    assert main(["prices", "lint"]) == 0
    assert main(["prices", "lint", str(tmp_path / "absent.toml")]) == 1
    assert "absent.toml: cannot be read" in capsys.readouterr().err
    assert main(["consumer", "check"]) == 1
    assert main(["invoice", "list"]) == 2
    assert "set either STORAGE_CONNECTION_STRING or TABLES_URL" in capsys.readouterr().err
    assert main(["lag"]) == 2
    assert "there is no verb 'lag'; did you mean consumer lag?" in capsys.readouterr().err
