"""Documents name files, folders and commands that exist, and their prose fits the screen."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PAGES = [
    *ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("*/README.md"),
    *ROOT.glob("*/comments.md"),
]  # fmt: skip
HISTORY = {"CHANGELOG.md"}
"""Says what was, and so names files that are gone."""
PACKAGES = (
    "pricing_rules", "telemetry", "table_api", "consumers", "ui", "apim_policies", "local_stack",
    "benchmarks", "tests",
)  # fmt: skip
FOLDERS = (*PACKAGES, "docs", "bicep")
FOREIGN = {"streamlit"}
WIDTH_MAX = 100
_PATH = re.compile(rf"(?<![\w/.-])((?:{'|'.join(FOLDERS)})/[\w./-]*\w)")
_MODULE = re.compile(rf"(?<![\w/.-])((?:{'|'.join(PACKAGES)})(?:\.\w+)+)(?![\w/])")
_UNBREAKABLE = re.compile(r"`[^`]*`|\]\([^)]*\)")
_TREE_LINE = re.compile(r"^( *)([\w.]+)/ {2,}\S", re.MULTILINE)


def pages() -> list[Path]:
    return [page for page in PAGES if page.name not in HISTORY]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def is_module(name: str) -> bool:
    """A module, a folder, or something that a module defines."""
    path = ROOT / name.replace(".", "/")
    if path.is_dir() or path.with_suffix(".py").exists():
        return True
    module, _, inner = name.rpartition(".")
    file = (ROOT / module.replace(".", "/")).with_suffix(".py")
    return (
        file.exists() and re.search(rf"\b{inner}\b", file.read_text(encoding="utf-8")) is not None
    )


def anchors_of(page: Path) -> set[str]:
    """Fragments that lead to a heading, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Numbered lines that are neither code nor a table."""
    code = False
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            code = not code
        elif not code and not line.lstrip().startswith(("|", "#")):
            yield number, line


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_file_and_folder_that_a_page_names_exists(page: Path) -> None:
    named = set(_PATH.findall(page.read_text(encoding="utf-8")))
    missing = [name for name in named if not (ROOT / name).exists()]
    assert [name for name in missing if not (page.parent / name).exists()] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_module_that_a_page_names_exists(page: Path) -> None:
    named = set(_MODULE.findall(page.read_text(encoding="utf-8")))
    assert [name for name in named if not is_module(name)] == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_prose_is_wrapped(page: Path) -> None:
    lines = prose(page.read_text(encoding="utf-8"))
    wide = [number for number, line in lines if len(_UNBREAKABLE.sub("", line)) > WIDTH_MAX]
    assert wide == []


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_command_that_a_page_names_can_be_run(page: Path) -> None:
    named = set(re.findall(r"python -m ([\w.]+)", page.read_text(encoding="utf-8"))) - FOREIGN
    places = [ROOT / name.replace(".", "/") for name in named]
    runnable = [
        (place / "__main__.py").exists() or place.with_suffix(".py").exists() for place in places
    ]
    assert all(runnable), named


@pytest.mark.parametrize("page", pages(), ids=name_of)
def test_every_link_to_a_heading_leads_to_one(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]*\.md)?#([^)]+)\)", page.read_text(encoding="utf-8"))
    targets = [(page.parent / file if file else page, anchor) for file, anchor in links]
    assert [link for link in targets if link[1] not in anchors_of(link[0])] == []


def test_the_readme_lists_every_folder_of_every_package() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed, package = set(), ""
    for indent, name in _TREE_LINE.findall(text):
        package = package if indent else name
        listed.add(f"{package}/{name}" if indent else name)
    shown = {name.partition("/")[0] for name in listed if "/" in name} - {"apim_policies"}
    there = {
        path.parent.relative_to(ROOT).as_posix()
        for name in shown
        for path in (ROOT / name).glob("*/__init__.py")
    }
    assert [name for name in listed if not (ROOT / name).is_dir()] == []
    assert there - listed == set()
