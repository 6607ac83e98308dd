"""Names of groups: whatever a group is really called, its name is its own."""

import pytest

from ui.figures.group_names import NAMELESS, OTHERS, named, value_of


@pytest.mark.parametrize(
    "value",
    ["", "R&D", "no cost centre", "“no cost centre”", OTHERS, "“R&D”", "“", "no cost centre”"],
)
def test_a_name_leads_back_to_its_group_alone(value: str) -> None:
    name = named(value, "cost_centre")
    assert value_of(name, "cost_centre") == value
    assert value == "" or name not in (NAMELESS["cost_centre"], OTHERS)
