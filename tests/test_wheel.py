"""The wheel has every file of the packages, and its commands run where there is no checkout."""

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest

from tests.paths import ROOT
from tests.test_repository import PACKAGES

SHIPPED = {*PACKAGES} - {"benchmarks", "docs_site", "bicep"}
USAGE = '{"prompt_tokens": 1000, "completion_tokens": 100}'


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `uv build --wheel` makes it: with the builder that uv has inside."""
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sysconfig.get_path("scripts")) / "uv"
    subprocess.run(
        [uv, "build", "--wheel", "--offline", "--quiet", "--out-dir", folder, ROOT], check=True
    )
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """The wheel unpacked, as an installer does it."""
    folder = wheel.parent / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def chargeback(installed: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command in an interpreter that has the wheel and the dependencies, and no checkout."""
    # Paths of PYTHONPATH are no site folders: the link to the checkout in the second is not read.
    paths = os.pathsep.join([str(installed), sysconfig.get_path("purelib")])
    return subprocess.run(
        [sys.executable, "-S", "-m", "chargeback", *words],
        cwd=installed.parent, env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_packages_of_the_wheel_are_those_of_the_tree() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(project["tool"]["uv"]["build-backend"]["module-name"]) == SHIPPED


def test_every_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *SHIPPED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    with ZipFile(wheel) as archive:
        held = set(archive.namelist())
    assert len(listed) > 400
    assert {name for name in listed if (ROOT / name).exists()} - held == set()


def test_the_command_runs_without_the_checkout(installed: Path) -> None:
    page = chargeback(installed, "--help")
    assert (page.returncode, page.stderr) == (0, "")
    assert page.stdout.startswith("Usage: chargeback VERB …")
    price = chargeback(
        installed, "price", "--model", "gpt-4.1-mini", "--at", "2026-11-20", "--usage", USAGE
    )
    assert (price.stdout, price.stderr) == ("0.00056 USD\n", "")


def test_the_function_app_is_written_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "app"
    done = chargeback(installed, "package", str(folder))
    assert (done.returncode, done.stdout) == (0, "")
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "function_app.py", "host.json", "requirements.txt", "table_api", "pricing_rules",
        "telemetry",
    }  # fmt: skip
    for data in ("pricing_rules/books/azure.toml", "table_api/invoicing/json_schemas"):
        assert (folder / data).exists()
    pinned = (folder / "requirements.txt").read_text(encoding="utf-8")
    assert "fastapi==" in pinned
