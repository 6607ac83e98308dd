"""Documents name folders, modules and commands that exist; the README lists every folder."""

import re
from pathlib import Path

import pytest

from tests.paths import ROOT

PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/*.md")]
NAMING = sorted({page for page in PAGES if page.name != "CHANGELOG.md"})
"""The changelog says what was, and so names files that are gone."""
PACKAGES = (
    "command_line", "pricing_rules", "telemetry", "table_api", "consumers", "ui", "apim_policies",
    "local_stack", "chargeback", "chargeback_client", "benchmarks", "tests",
)  # fmt: skip
FOREIGN = {"streamlit"}
_PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join((*PACKAGES, 'docs', 'bicep'))})/[\w./-]*\w)")
_MODULES = "|".join(name for name in PACKAGES if name != "chargeback")  # metrics have this name
_MODULE = re.compile(rf"(?<![\w/.-])((?:{_MODULES})(?:\.(?!md\b)\w+)+)(?![\w/])")
_COMMAND = re.compile(r"python -m ([\w.]+)")
_TREE_LINE = re.compile(r"^( *)([\w.]+)/ {2,}\S", re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def is_module(name: str) -> bool:
    """A module, a folder, or something that a module defines."""
    path = ROOT / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    module, _, inner = name.rpartition(".")
    file = (ROOT / module.replace(".", "/")).with_suffix(".py")
    return file.exists() and f" {inner}" in file.read_text(encoding="utf-8")


def can_be_run(name: str) -> bool:
    place = ROOT / name.replace(".", "/")
    return (place / "__main__.py").exists() or place.with_suffix(".py").exists()


@pytest.mark.parametrize("page", NAMING, ids=name_of)
def test_every_path_module_and_command_that_a_page_names_exists(page: Path) -> None:
    """In prose, in tables and in blocks of code."""
    text = page.read_text(encoding="utf-8")
    paths = [name for name in _PATH.findall(text) if not (page.parent / name).exists()]
    assert [name for name in paths if not (ROOT / name).exists()] == []
    assert [name for name in _MODULE.findall(text) if not is_module(name)] == []
    commands = set(_COMMAND.findall(text)) - FOREIGN
    assert [name for name in commands if not can_be_run(name)] == []


def test_the_readme_lists_every_folder_of_every_package() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed, package = set(), ""
    for indent, name in _TREE_LINE.findall(text):
        package = package if indent else name
        listed.add(f"{package}/{name}" if indent else name)
    with_folders = {name.partition("/")[0] for name in listed if "/" in name} - {"apim_policies"}
    there = {
        path.parent.relative_to(ROOT).as_posix()
        for name in with_folders
        for path in (ROOT / name).glob("*/__init__.py")
    }
    assert [name for name in listed if not (ROOT / name).is_dir()] == []
    assert there - listed == set()
    assert {*PACKAGES, "docs", "bicep"} <= listed
