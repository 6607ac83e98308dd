"""docs/security.md claims nothing that no test shows, and names no file that is gone."""

import re

from tests.paths import ROOT

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
THREATS = {
    "forged identity header",
    "replayed event",
    "poisoned event hub",
    "CSV injection",
    "stolen cookie",
    "calls of strangers",
    "large uploads",
    "a caller chooses who serves",
    "noisy tenant",
    "leaked storage key",
    "malicious price book",
    "malicious people CSV",
    "XSS in the UI",
    "curious insider",
    "tampered invoice",
}
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
_FILE = re.compile(r"`([\w/-]+(?:\.\w+)*\.(?:py|xml))`")


def rows_of(heading: str) -> list[list[str]]:
    """Cells of the first table below a heading."""
    section = PAGE.split(f"## {heading}\n")[1].partition("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_test_and_file_that_the_page_names_is_there() -> None:
    named = _TEST.findall(PAGE)
    assert len(named) > len(THREATS)
    for file, test in named:
        text = (ROOT / file).read_text(encoding="utf-8")
        assert re.search(rf"^(?:async )?def {test}\(", text, re.MULTILINE), f"{file}::{test}"
    files = _FILE.findall(PAGE)
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_every_threat_has_what_stops_it_where_and_which_test_shows_it() -> None:
    rows = rows_of("Threats")
    assert {row[0] for row in rows} == THREATS
    for threat, stops, where, shown, still_open in rows:
        assert stops, threat
        assert still_open, threat
        assert _FILE.search(where), threat
        assert _TEST.search(shown), threat


def test_the_roles_are_those_of_the_page_on_resources() -> None:
    resources = (ROOT / "bicep/README.md").read_text(encoding="utf-8")
    roles = {(who, role, on) for who, role, on, _ in rows_of("Who needs which role")}
    assert roles
    for who, role, on in roles - {("UI", "none", "—")}:
        assert f"| {who} | {role} | {on} |" in resources


def test_no_page_passes_html_through() -> None:
    pages = [*(ROOT / "ui").rglob("*.py")]
    assert pages
    outlets = re.compile(r"unsafe_allow_html|unsafe_allow_javascript|st\.html\(|components\.v1")
    found = [path.name for path in pages if outlets.search(path.read_text(encoding="utf-8"))]
    assert found == []
