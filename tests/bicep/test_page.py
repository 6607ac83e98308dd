"""docs/deployed.md is what the files of bicep/ say, and its graph has every module."""

import re

from bicep.check.checkout import templates
from bicep.check.graph import render as graph
from bicep.page import render
from tests.paths import ROOT


def test_the_page_is_made_from_the_files() -> None:
    page = (ROOT / "docs/deployed.md").read_text(encoding="utf-8")
    assert page == render(), "run `make fmt`"


def test_the_graph_has_every_module_and_no_circle() -> None:
    files = templates(ROOT)
    shown = graph(files)
    boxes = set(re.findall(r"^  (\w+)\[", shown, re.MULTILINE))
    assert boxes == {each.name for each in files["main.bicep"].of("module")}
    arrows = re.findall(r"^  (\w+) --> (\w+)$", shown, re.MULTILINE)
    assert ("roles", "metering") in arrows
    assert ("gatewayPolicies", "gatewayApi") in arrows
    assert {name for arrow in arrows for name in arrow} <= boxes
    left = set(arrows)
    while ends := {to for _, to in left} - {start for start, _ in left}:
        left = {arrow for arrow in left if arrow[1] not in ends}
    assert not left
