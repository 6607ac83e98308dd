"""docs/security.md claims nothing that no test shows, and names no file that is gone."""

import json
import re

from tests.paths import ROOT
from ui.chart_style import STYLE

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


PROCESSES = {
    "HTTP API": "api", "close job": "close", "audit job": "audit", "UI": "ui",
    "Capture of the hub": "capture",
}  # fmt: skip
"""As Bicep spells them; the others have one name."""


def assigned() -> set[tuple[str, str, str]]:
    """Process, role and scope of every assignment of Bicep."""
    roles = json.loads((ROOT / "bicep/roles.json").read_text(encoding="utf-8"))
    scopes = {
        "hubs": "hub `{hub}`", "account": "the tables", "tables": "table `{table}`",
        "containers": "`{container}`", "capture": "`{container}`", "telemetry": "{on}",
        "registry": "the registry", "vaults": "vault of {vault}",
        "functionStorage": "storage of the Functions host",
        "models": "each account of kind `{kind}`",
    }  # fmt: skip
    words = {
        "application insights": "Application Insights", "workspace": "the workspace",
        "vault of ui": "vault of the UI",
    }  # fmt: skip
    assert roles.keys() == {"ids", *scopes}
    found = set()
    for kind, scope in scopes.items():
        for each in roles[kind]:
            assert each["role"] in roles["ids"]
            on = scope.format(**each)
            found.add((each["who"], each["role"], words.get(on, on)))
    return found


def test_the_roles_are_those_that_bicep_assigns() -> None:
    on_page = set()
    for who, role, on, _ in rows_of("Who needs which role"):
        if who.startswith("diagnostic setting"):
            continue  # a key, not a role
        names = ["operator"] if who.startswith("operator") else who.split(", ")
        for name in names:
            on_page |= {(PROCESSES.get(name, name), role, each) for each in on.split(", ")}
    assert on_page == assigned()


def test_no_page_passes_html_through() -> None:
    """But for one constant style sheet."""
    pages = [*(ROOT / "ui").rglob("*.py")]
    assert pages
    outlets = re.compile(r"unsafe_allow_html|unsafe_allow_javascript|st\.html\(.*|components\.v1")
    found = [
        (path.name, outlet)
        for path in pages
        for outlet in outlets.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == [("chart_style.py", "st.html(STYLE)")]
    assert re.fullmatch(r"<style>[^<]*</style>", STYLE)
