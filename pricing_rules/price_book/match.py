"""Finding the rules of a call by dictionary look-ups: no rule is tried against a call.

Rules that constrain the same dimensions share one dictionary from those dimensions' values; a
call asks each of these few dictionaries once.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Generic, Protocol, TypeVar

from pricing_rules.price_book.rate_card import Matches

USAGE_DIMENSION = "usage."
"""What the dimensions of usage fields begin with."""

CALLER_DIMENSIONS = frozenset({"product", "subscription", "cost_centre", "tenant"})
"""A rule that asks for one of them is not for all."""

CallFacts = Mapping[str, str | None]
"""A call's value per dimension of a rule's match; None where it has none."""


class Matching(Protocol):
    """A rule with a match."""

    @property
    def id(self) -> str: ...
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

    def find_for_each(self, calls: Sequence[CallFacts]) -> list[R]:
        """The rules that match all of these, nearly always one, the most specific first."""
        found = self.find(calls[0])
        for facts in calls[1:]:
            also = {rule.id for rule in self.find(facts)}
            found = [rule for rule in found if rule.id in also]
        return found


def usage_facts(fields: Sequence[tuple[str, str]]) -> tuple[CallFacts, Sequence[CallFacts]]:
    """What usage fields say, by dimension: to show, and to find rules by.

    In `[("items[].lane", "eu"), ("items[].lane", "us")]` one path has two values. A rule has to
    match each of them, so there are as many facts to find by as the most values of a path.
    """
    values: dict[str, list[str]] = {}
    for path, value in fields:
        of_path = values.setdefault(f"{USAGE_DIMENSION}{path}", [])
        if value not in of_path:
            of_path.append(value)
    several = max((len(of_path) for of_path in values.values()), default=1)
    shown = {dimension: " and ".join(sorted(of_path)) for dimension, of_path in values.items()}
    return shown, [
        {dimension: of_path[index % len(of_path)] for dimension, of_path in values.items()}
        for index in range(several)
    ]


def matches_all(one: Matches, calls: Matches) -> bool:
    """Whether a rule matches every one of these calls."""
    values = dict(calls)
    return all(
        dimension in values and set(values[dimension]) <= set(allowed) for dimension, allowed in one
    )


def may_match_one_call(one: Matches, other: Matches) -> bool:
    """Whether some call is matched by both."""
    values = dict(one)
    return all(
        dimension not in values or not set(values[dimension]).isdisjoint(allowed)
        for dimension, allowed in other
    )
