"""docs/reliability.md names every fault, every column, and tests that exist."""

import re

import pytest

from benchmarks.faults.catalogue import FAULTS
from benchmarks.faults.verdict import COLUMNS
from tests.paths import ROOT

PAGE = (ROOT / "docs/reliability.md").read_text(encoding="utf-8")
SAID_ELSEWHERE = {"fault", "audit", "seconds", "verdict"}
TRAITS = 12


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_explained_and_has_its_line(name: str) -> None:
    assert f"`{name}`" in PAGE
    [line] = re.findall(rf"^\| {name} \|.*$", PAGE, re.MULTILINE)
    assert line.endswith("| holds |")


def test_every_column_is_explained() -> None:
    assert f"| {' | '.join(COLUMNS)} |" in PAGE
    assert {name for name in COLUMNS if f"`{name}`" not in PAGE} == SAID_ELSEWHERE


def test_every_trait_of_the_sdk_names_tests_that_exist() -> None:
    rows = re.findall(r"^\| (\d+) \|.*\|$", PAGE, re.MULTILINE)
    assert rows == [str(number + 1) for number in range(TRAITS)]
    tests = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)
    assert len(tests) > TRAITS
    for path, name in tests:
        assert f"def {name}" in (ROOT / path).read_text(encoding="utf-8"), (path, name)
