"""What the bare address shows somebody, by name."""

from ui.api.me_answer import Me

OVERVIEW = "Overview"
MY_USAGE = "My usage"


def home_title(me: Me | None) -> str:
    """The way back leads there too."""
    return MY_USAGE if me and me.sees_only_themselves else OVERVIEW
