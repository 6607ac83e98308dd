"""Models by names that say who sells each, where several do. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping

Sold = tuple[str, str]
"""A provider and its model."""


def by_name(sold: Iterable[Sold]) -> dict[str, Sold]:
    """In their order: by the model's name, with that of its provider where another one sells it."""
    each = list(dict.fromkeys(sold))
    sellers = Counter(model for _, model in each)
    return {
        f"{model} ({provider})" if sellers[model] > 1 else model: (provider, model)
        for provider, model in each
    }


def first_of(model: str | None, names: Mapping[str, Sold]) -> str | None:
    """The first name of a model that several sell; None for any other."""
    return next((name for name, (_, each) in names.items() if each == model != name), None)


def sellers_words(model: str, names: Mapping[str, Sold]) -> str | None:
    """Who sells it, where several do."""
    sellers = [provider for name, (provider, each) in names.items() if each == model != name]
    return f"{model} is sold by {' and by '.join(sellers)}" if sellers else None
