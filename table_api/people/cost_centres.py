"""Cost centres that people have, and what a name that nobody has may mean. Pure."""

from collections.abc import Iterable
from difflib import get_close_matches

from table_api.people.people import Person


def cost_centres(people: Iterable[Person]) -> set[str]:
    """Those that some row gives, whatever its day."""
    return {person.cost_centre for person in people if person.cost_centre}


def nobody_has(name: str, known: Iterable[str]) -> str:
    """Says so, with the nearest cost centre that somebody has."""
    spelt = {each.casefold(): each for each in sorted(known)}
    near = [spelt[each] for each in get_close_matches(name.casefold(), spelt, n=1)]
    hint = f"; the nearest is {near[0]!r}" if near else ""
    return f"nobody has this cost centre{hint}"
