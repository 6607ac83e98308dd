"""Finding the rules of a call by dictionary look-ups: no rule is tried against a call.

Rules that constrain the same dimensions share one dictionary from those dimensions' values; a
call asks each of these few dictionaries once.
"""

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Generic, Protocol, TypeVar

from pricing_rules.price_book.rate_card import Matches
from pricing_rules.price_book.rules import Match

USAGE_DIMENSION = "usage."
"""What the dimensions of usage fields begin with."""

CALLER_DIMENSIONS = frozenset({"product", "subscription", "cost_centre", "tenant"})
"""A rule that asks for one of them is not for all."""

CallFacts = Mapping[str, str | None]
"""A call's value per dimension of a rule's match; None where it has none."""


class Matching(Protocol):
    """A rule with a match."""

    @property
    def matches(self) -> Matches: ...


R = TypeVar("R", bound=Matching)


class RuleIndex(Generic[R]):
    """Compiled rules by what they match."""

    def __init__(self, rules: Iterable[R]):
        self._by_dimensions: dict[tuple[str, ...], dict[tuple[str, ...], list[R]]] = {}
        for rule in rules:
            dimensions = tuple(dimension for dimension, _ in rule.matches)
            table = self._by_dimensions.setdefault(dimensions, {})
            for values in product(*(values for _, values in rule.matches)):
                table.setdefault(values, []).append(rule)

    def find(self, facts: CallFacts) -> list[R]:
        """Every rule that matches the call at any time, the most specific first."""
        found: list[R] = []
        for dimensions, table in self._by_dimensions.items():
            values = tuple(facts.get(dimension) or "" for dimension in dimensions)
            found += table.get(values, ())
        found.sort(key=lambda rule: -len(rule.matches))
        return found


def matches_of(match: Match) -> Matches:
    """A rule's match in the compiled form."""
    constrained = []
    stated = match.model_dump(exclude_none=True)
    for path, values in stated.pop("usage", {}).items():
        stated[f"{USAGE_DIMENSION}{path}"] = values
    for dimension, value in sorted(stated.items()):
        values = (value,) if isinstance(value, str) else tuple(sorted(set(value)))
        constrained.append((dimension, tuple(str(item) for item in values)))
    return tuple(constrained)


def may_match_one_call(one: Matches, other: Matches) -> bool:
    """Whether some call is matched by both."""
    values = dict(one)
    return all(
        dimension not in values or not set(values[dimension]).isdisjoint(allowed)
        for dimension, allowed in other
    )
