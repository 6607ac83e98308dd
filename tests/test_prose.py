"""Pages and messages are plain: few tics, short lines, and links that lead to a heading."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT
from tests.test_repository import PACKAGES, package_of, python_files

PAGES = sorted([*(ROOT / "docs").glob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
LINKED = [*PAGES, ROOT / "CHANGELOG.md", *ROOT.glob("*/README.md")]
LINE_CHARS_MAX = 100

TICS = {
    "stand": "stands?|standing|stood",
    "beside": "beside",
    "tell": "tells?|telling|told",
    "anew": "anew",
    "remedy": "again is the remedy",
}
"""Words that hide who does what. Plain are: is stored, exists, is counted; next to, besides; shows,
reports, says; again; retrying is safe.
"""

MESSAGE_TICS_MAX: dict[str, dict[str, int]] = {
    "consumers": {"anew": 3},
    "local_stack": {"anew": 1},
    "pricing_rules": {"stand": 3},
    "table_api": {"stand": 16, "beside": 2},
}
"""Tics in the texts that a package shows: help, log lines, errors, pages. It only shrinks."""


def tics_in(text: str) -> dict[str, int]:
    found = {
        name: len(re.findall(rf"(?<![\w-])(?:{pattern})(?![\w-])", text, re.IGNORECASE))
        for name, pattern in TICS.items()
    }
    return {name: count for name, count in found.items() if count}


def too_many(found: dict[str, int], allowed: dict[str, int]) -> dict[str, int]:
    return {name: count for name, count in found.items() if count > allowed.get(name, 0)}


def prose_of(page: Path) -> str:
    """The page without blocks of code."""
    return re.sub(r"^ *```.*?^ *```", "", page.read_text(encoding="utf-8"), flags=re.M | re.DOTALL)


def messages_of(path: Path) -> Iterator[str]:
    """String literals of more than one word, without docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str) and " " in node.value:
            yield node.value


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_have_no_tics(page: Path) -> None:
    assert tics_in(page.read_text(encoding="utf-8")) == {}


@pytest.mark.parametrize("package", PACKAGES)
def test_messages_have_few_tics(package: str) -> None:
    texts = [
        text for path in python_files() if package_of(path) == package for text in messages_of(path)
    ]
    assert too_many(tics_in("\n".join(texts)), MESSAGE_TICS_MAX.get(package, {})) == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_prose_is_wrapped(page: Path) -> None:
    """Tables, code, the targets of links and a single long name may be wider."""
    lines = [re.sub(r"\]\([^)]*\)", "]", line) for line in prose_of(page).splitlines()]
    prose = [line for line in lines if not line.startswith("|") and " " in line.strip()]
    assert [line for line in prose if len(line) > LINE_CHARS_MAX] == []


def anchors_of(page: Path) -> set[str]:
    """As GitHub makes them: the heading in lower case without punctuation, spaces as hyphens."""
    headings = re.findall(r"^#+ (.*)$", prose_of(page), re.MULTILINE)
    plain = [re.sub(r"\]\([^)]*\)", "]", heading).lower() for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", LINKED, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_anchor_of_a_link_is_a_heading(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:\s]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    targets = [(page if not path else page.parent / path, anchor) for path, anchor in links]
    missing = [
        f"{target.name}#{anchor}"
        for target, anchor in targets
        if target.suffix == ".md" and anchor not in anchors_of(target)
    ]
    assert missing == []


def test_every_decision_is_in_the_index_of_its_page() -> None:
    page = ROOT / "docs/decisions.md"
    index, _, entries = page.read_text(encoding="utf-8").partition("\n## 20")
    listed = Counter(re.findall(r"^- \[.*\]\(#(.*)\)$", index, re.MULTILINE))
    decided = {anchor for anchor in anchors_of(page) if re.match(r"20\d\d-", anchor)}
    assert entries
    assert listed == Counter(decided)


def test_every_type_that_the_glossary_names_exists() -> None:
    glossary = (ROOT / "docs/glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"^\| (\*\*.*?) \|", glossary, re.MULTILINE)
    named = {name for word in words for name in re.findall(r"`(\w+)`", word)}
    code = "\n".join(path.read_text(encoding="utf-8") for path in python_files())
    defined = set(re.findall(r"^class (\w+)|^(\w+) = ", code, re.MULTILINE))
    assert named
    assert named - {name for pair in defined for name in pair} == set()
