"""Names of groups as lists, charts and addresses have them: each name is one group alone.

Usage without a cost centre is called "no cost centre", and groups without a row of their own are
"Others". A group that is really called so is shown in quotation marks.
"""

from collections.abc import Mapping

from ui.api.client import Group
from ui.api.usage_answers import UsageRow

OTHERS = "Others"
NAMELESS: Mapping[Group, str] = {
    "model": "no model",
    "cost_centre": "no cost centre",
    "product": "no product",
    "api": "no API",
}
QUOTED = "“{}”"


def named(value: str | None, by: Group) -> str:
    """The name of a group; what has none has a name too."""
    if not value:
        return NAMELESS[by]
    return QUOTED.format(value) if value.strip("“”") in (OTHERS, NAMELESS[by]) else value


def group_name(row: UsageRow, by: Group) -> str:
    """The name of a row's group."""
    value: str | None = getattr(row, by)
    return named(value, by)


def value_of(name: str, by: Group) -> str:
    """What `named` was given; empty for usage without one."""
    if name == NAMELESS[by]:
        return ""
    return name[1:-1] if len(name) > 1 and named(name[1:-1], by) == name else name
