"""One spelling of each model's name in a book, and whether anything knows a name.

Rules are found by equal text, so a book writes each name in one way, however its files do.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Literal

from pricing_rules.price_book.book_file import BookFile
from pricing_rules.price_book.drafts import Draft
from pricing_rules.price_book.evidence.model_names import ModelNames, spelled
from pricing_rules.price_book.match import USAGE_DIMENSION
from pricing_rules.price_book.rate_card import Family, Matches
from pricing_rules.price_book.rules import BaseRule, FeeRule, Match

Knower = Literal["price", "fee", "alias", "family"]
_Names = dict[str, dict[str, str]]
"""Names as they are written by provider, and by the name in lower case."""


class Spellings:
    """The names of models in one book's files. The case is ignored, as in Azure; of two spellings
    the first file's is taken, so that a company's files never respell the shipped ones.
    """

    def __init__(
        self,
        files: Iterable[tuple[str, BookFile]],
        drafts: Mapping[str, Draft],
        families: Iterable[Family],
    ) -> None:
        families = tuple(families)
        self._by: dict[Knower, _Names] = {"price": {}, "fee": {}, "alias": {}}
        self._routers: set[tuple[str, str]] = set()
        """Provider and model, as aliases have them."""
        for draft in drafts.values():
            if isinstance(draft.rule, BaseRule | FeeRule):
                knower: Knower = "price" if isinstance(draft.rule, BaseRule) else "fee"
                self._add(knower, draft.rule.match)
        for _, file in files:
            for alias in file.deployment:
                self._add("alias", Match(provider=alias.provider, model=alias.model))
                if alias.rate_by == "reported":
                    self._routers.add((alias.provider, alias.model.lower()))
        self._names = ModelNames(families)
        self._of_families = {
            self._names.canonical(name)
            for family in families
            for name in (*family.models, *family.floating)
        }
        self._alike = {
            provider: self._by_canonical_name(names)
            for provider, names in self._by["price"].items()
        }

    def of(self, provider: str, model: str) -> str:
        """The one spelling of a provider's model; as written where nothing else names it.

        What a vendor puts around a name is dropped where that leaves one priced model: `whisper`
        may be `whisper-1`.
        """
        lower = model.lower()
        for knower in ("price", "fee"):
            if found := self._by[knower].get(provider, {}).get(lower):
                return found
        alike = self._alike.get(provider, {}).get(self._names.canonical(model), ())
        if len(alike) == 1:
            return alike[0]
        return self._by["alias"].get(provider, {}).get(lower, model)

    def matches(self, match: Match) -> Matches:
        """The compiled form of a match. A model of any provider has the spelling of each."""
        constrained = []
        stated = match.model_dump(exclude_none=True)
        if match.model is not None:
            providers = [match.provider] if match.provider else sorted(self.providers())
            stated["model"] = [self.of(provider, match.model) for provider in providers]
        for path, values in stated.pop("usage", {}).items():
            stated[f"{USAGE_DIMENSION}{path}"] = values
        for dimension, value in sorted(stated.items()):
            values = (value,) if isinstance(value, str) else tuple(sorted(set(value)))
            constrained.append((dimension, tuple(str(item) for item in values)))
        return tuple(constrained)

    def known_by(self, provider: str | None, model: str) -> frozenset[Knower]:
        """What knows the model of a provider, or of any. No family knows a provider's name."""
        asked = [provider] if provider is not None else sorted(self.providers())
        found = {
            knower
            for knower, names in self._by.items()
            for each in asked
            if self.of(each, model).lower() in names.get(each, {})
        }
        sells = not self.providers().isdisjoint(asked)
        if sells and self._names.canonical(model) in self._of_families:
            found.add("family")
        return frozenset(found)

    def is_router(self, provider: str | None, model: str) -> bool:
        """Whether it has no price of its own, and a fee, or an alias that says so."""
        known = self.known_by(provider, model)
        asked = [provider] if provider is not None else sorted(self.providers())
        routers = {(each, self.of(each, model).lower()) for each in asked} & self._routers
        return "price" not in known and ("fee" in known or bool(routers))

    def providers(self, without: frozenset[Knower] = frozenset()) -> frozenset[str]:
        """Whose models the book names, but for what only such rules say."""
        return frozenset(
            provider
            for knower, names in self._by.items()
            if knower not in without
            for provider in names
        )

    def unknown(self, provider: str | None, model: str) -> str:
        """A model that nothing knows, in words, and which one may be meant."""
        of = f" of {provider}" if provider else ""
        near = self.nearest(model)
        meant = f"; the nearest is {near!r}" if near else ""
        return f"model {model!r}{of}, which no price, alias or family of the book names{meant}"

    def nearest(self, model: str) -> str | None:
        """The known name that a wrong one may mean."""
        known: dict[str, str] = {}
        for of_providers in self._by.values():
            for names in of_providers.values():
                known |= names
        dated = self._names.find(spelled(model).name)
        if dated is not None:
            return known.get(dated.model, dated.model)
        close = get_close_matches(model.lower(), known, n=1)
        return known[close[0]] if close else None

    def _add(self, knower: Knower, match: Match) -> None:
        if match.provider is not None and match.model is not None:
            names = self._by[knower].setdefault(match.provider, {})
            names.setdefault(match.model.lower(), match.model)

    def _by_canonical_name(self, names: Mapping[str, str]) -> dict[str, list[str]]:
        alike: dict[str, list[str]] = {}
        for name in names.values():
            alike.setdefault(self._names.canonical(name), []).append(name)
        return alike
