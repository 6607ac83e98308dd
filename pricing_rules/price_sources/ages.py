"""How long ago prices were compared with their source, and which of them calls can meet."""

from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from datetime import date, datetime
from typing import NamedTuple, TypeVar

from pricing_rules.price_book.book import Book
from pricing_rules.price_book.checks import Dated, serves
from pricing_rules.price_book.match import matches_all
from pricing_rules.price_book.rate_card import FeeCard, RateCard
from pricing_rules.price_book.rules import PriceOrigin
from pricing_rules.units import Unit

ListPrice = RateCard | FeeCard
"""A rule with prices of its own, and a source that says so."""
Rule = TypeVar("Rule", bound=ListPrice)

PRICE_AGE_DAYS_MAX = 90
"""A price that nobody compared with its source for longer is old."""


class Ages(NamedTuple):
    """How old the prices of some rules are."""

    prices: int
    old: int
    """Of them, those checked more than the bound of days ago."""
    oldest_rule: str | None
    oldest_checked: date | None

    def __str__(self) -> str:
        return (
            f"{self.old} of {self.prices} prices in use were checked too long ago, "
            f"{self.oldest_rule} on {self.oldest_checked}"
        )


def list_prices(book: Book) -> list[ListPrice]:
    """Every base rule and every fee of a book."""
    return [*book.content.cards, *book.content.fees]


def in_force(cards: Iterable[Rule], at: datetime) -> list[Rule]:
    """The rules that hold at a time."""
    return [
        card
        for card in cards
        if card.valid_from <= at and (card.valid_to is None or at < card.valid_to)
    ]


def deployments_of(book: Book, card: ListPrice) -> list[str]:
    """The deployments of the book whose calls the rule may price, by name."""
    content = book.content
    if card.currency != content.pricing_currency or card.origin in content.left_out:
        return []
    values, zones = dict(card.matches), dict(content.zones)
    names = {
        alias.name: None
        for alias in content.aliases
        if (alias.provider,) == values.get("provider", (alias.provider,))
        and (alias.model,) == values.get("model", (alias.model,))
        and serves(values, alias, zones)
    }
    return list(names)


def ages(book: Book, *, at: datetime, days_max: int = PRICE_AGE_DAYS_MAX) -> Ages:
    """The ages of the prices in use on the day of `at`."""
    checked = sorted(
        (checked_on(book, card.id), card.id)
        for card in in_force(list_prices(book), at)
        if deployments_of(book, card)
    )
    old = sum(is_old(day, at.date(), days_max) for day, _ in checked)
    day, rule = checked[0] if checked else (None, None)
    return Ages(prices=len(checked), old=old, oldest_rule=rule, oldest_checked=day)


def checked_on(book: Book, rule_id: str) -> date:
    """The day on which someone compared the price with its source."""
    return date.fromisoformat(book.sources[rule_id].checked)


def is_old(checked: date, today: date, days_max: int) -> bool:
    """90 days later a price is not old yet; 91 days later it is."""
    return (today - checked).days > days_max


def shadowed(cards: Sequence[ListPrice], ids: Collection[str]) -> Iterator[tuple[str, str]]:
    """Which of these rules never hold, and the rule of a more trusted source that holds instead: in
    the same currency, and of a fee for all of its units."""
    trust = list(PriceOrigin)
    for card in cards:
        for other in cards if card.id in ids else ():
            better = trust.index(other.origin) < trust.index(card.origin)
            same = card.currency == other.currency and _fees_of(card) <= _fees_of(other)
            if (
                better
                and same
                and matches_all(other.matches, card.matches)
                and _outlasts(other, card)
            ):
                yield card.id, other.id


def _fees_of(card: ListPrice) -> Set[Unit]:
    """The units of a fee. A base rule is the only one of its call."""
    return card.rates.keys() if isinstance(card, FeeCard) else frozenset()


def _outlasts(one: Dated, other: Dated) -> bool:
    """Whether one rule is valid all the time that the other is."""
    ends = other.valid_to
    return one.valid_from <= other.valid_from and (
        one.valid_to is None or (ends is not None and ends <= one.valid_to)
    )
