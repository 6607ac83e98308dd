"""What the bare address shows somebody, by name, and the way down from there."""

from ui.address import CENTRES_PAGE, Link, Parameter
from ui.api.me_answer import Me
from ui.figures.group_names import named

OVERVIEW = "Overview"
CENTRES = "Cost centres"
MY_USAGE = "My usage"


def home_title(me: Me | None) -> str:
    """The way back leads there too."""
    return MY_USAGE if me and me.sees_only_themselves else OVERVIEW


def way_to_centres(kept: dict[Parameter, str]) -> list[Link]:
    """The steps above a cost centre."""
    return [
        Link(label=OVERVIEW, parameters=kept),
        Link(label=CENTRES, parameters=kept, page=CENTRES_PAGE),
    ]


def way_to(cost_centre: str | None, me: Me, kept: dict[Parameter, str]) -> list[Link]:
    """The steps above a person: the overview and, for whoever sees more than themselves, the cost
    centres and the person's own.
    """
    if cost_centre is None or me.sees_only_themselves:
        return [Link(label=home_title(me), parameters=kept)]
    name = named(cost_centre, "cost_centre")
    centre = Link(label=cost_centre, parameters={**kept, Parameter.COST_CENTRE: name})
    return [*way_to_centres(kept), centre]
