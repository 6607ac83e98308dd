"""What the bare address shows somebody, by name, and the way down from there."""

from ui.address import Link, Parameter
from ui.api.me_answer import Me
from ui.figures.group_names import named

OVERVIEW = "Overview"
MY_USAGE = "My usage"


def home_title(me: Me | None) -> str:
    """The way back leads there too."""
    return MY_USAGE if me and me.sees_only_themselves else OVERVIEW


def way_to(cost_centre: str | None, me: Me, kept: dict[Parameter, str]) -> list[Link]:
    """The steps above a person: the overview and, for whoever sees more than themselves, the cost
    centre.
    """
    home = Link(label=home_title(me), parameters=kept)
    if cost_centre is None or me.sees_only_themselves:
        return [home]
    of_centre = {**kept, Parameter.COST_CENTRE: named(cost_centre, "cost_centre")}
    return [home, Link(label=cost_centre, parameters=of_centre)]
