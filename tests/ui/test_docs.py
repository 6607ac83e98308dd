"""docs/ui.md names every view, URL parameter and setting, and no others."""

import re
from dataclasses import fields

import pytest

from tests.paths import ROOT
from ui.address import Parameter
from ui.api.connection import CACHE_TTL_S, REFRESH_S
from ui.api.settings import Settings
from ui.period import CUSTOM_DAYS_MAX, Range

DOC = (ROOT / "docs/ui.md").read_text()


def section(title: str) -> str:
    return DOC.split(f"## {title}\n")[1].split("\n## ")[0]


def first_cells(title: str) -> list[str]:
    """What the first column of the section's table names."""
    rows = [line for line in section(title).splitlines() if line.startswith("|")][2:]
    return [name for row in rows for name in re.findall(r"[\w]+", row.split("|")[1])]


def test_every_url_parameter_is_documented() -> None:
    assert sorted(first_cells("URL parameters")) == sorted(Parameter)


def test_every_view_is_documented() -> None:
    pages, of_operators, views = (
        {path.stem for path in (ROOT / "ui" / folder).glob("*.py")} - {"__init__"}
        for folder in ("app_pages", "operator_pages", "usage_views")
    )
    assert set(first_cells("Views")) == views | of_operators | pages - {"usage"}


def test_every_setting_is_documented() -> None:
    assert first_cells("Settings") == [field.name.upper() for field in fields(Settings)]


@pytest.mark.parametrize("choice", list(Range))
def test_every_range_is_documented(choice: Range) -> None:
    assert f"`{choice}`" in section("URL parameters")


def test_the_bounds_in_the_text_are_those_of_the_code() -> None:
    assert f"at most {CUSTOM_DAYS_MAX} days" in DOC
    assert f"every {REFRESH_S} seconds" in DOC
    assert f"between viewers for {CACHE_TTL_S}" in DOC
