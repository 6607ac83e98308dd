"""`make bicep` as a command: its exit code, Microsoft's compiler, and where the types come from."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bicep.check.__main__ import compiled
from bicep.check.checkout import TYPES, resource_types, templates
from bicep.check.extract_types import extract, render
from tests.paths import ROOT

PUBLISHED = ROOT.parent / "shared/data/bicep_types/types.json"
COMPILER = shutil.which("bicep")


def test_the_command_says_that_nothing_is_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bicep.check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    assert done.stdout.endswith("resources, nothing is wrong\n")


def test_a_mistake_ends_the_command_with_1(tmp_path: Path) -> None:
    for each in ROOT.iterdir():
        if each.name != "Dockerfile":
            (tmp_path / each.name).symlink_to(each)
    (tmp_path / "Dockerfile").write_text("FROM python:3.11\n", encoding="utf-8")
    command = [sys.executable, "-m", "bicep.check", "--root", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Dockerfile:1: base python:3.11 is not pinned by a digest" in done.stdout


@pytest.mark.skipif(COMPILER is None, reason="Microsoft's compiler of Bicep is not installed")
def test_microsofts_compiler_has_no_error_and_no_warning() -> None:
    assert compiled(ROOT) == 0


@pytest.mark.parametrize(
    ("says", "ends", "wanted"),
    [
        ("", 0, 0),
        ("main.bicep(3,7) : Warning no-unused-params: x is declared but never used.", 0, 1),
        ("main.bicep(3,7) : Error BCP057: The name x does not exist.", 1, 1),
    ],
)
def test_a_warning_of_the_compiler_counts_as_a_mistake(
    says: str, ends: int, wanted: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "bicep"
    compiler.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {ends}\n", encoding="utf-8")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert compiled(ROOT) == wanted


@pytest.mark.skipif(not PUBLISHED.exists(), reason="Microsoft's types are not at hand")
def test_the_types_are_those_that_microsoft_publishes() -> None:
    published = json.loads(PUBLISHED.read_text(encoding="utf-8"))
    wanted = {each.target for file in templates(ROOT).values() for each in file.of("resource")}
    assert TYPES.read_text(encoding="utf-8") == render(extract(published, wanted))


def test_each_type_has_one_api_version_and_is_in_use() -> None:
    names = [each.partition("@")[0] for each in resource_types()]
    assert len(names) == len(set(names))
    used = {each.target for file in templates(ROOT).values() for each in file.of("resource")}
    assert used == resource_types().keys()
