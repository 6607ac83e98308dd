"""Which prices are in use, and from which day on they are old."""

from datetime import UTC, date, datetime
from pathlib import Path

from pricing_rules.price_sources.ages import ages, deployments_of, is_old
from tests.pricing_rules.books import ALIAS, base_rule, compile_text

AT = datetime(2027, 1, 30, tzinfo=UTC)
"""90 days after the rules of tests were checked."""


def test_a_price_is_old_one_day_after_the_bound() -> None:
    checked = date(2026, 11, 1)
    assert not is_old(checked, date(2027, 1, 30), 90)
    assert is_old(checked, date(2027, 1, 31), 90)


def test_only_prices_that_a_deployment_may_have_count(tmp_path: Path) -> None:
    other = base_rule("base.other").replace('model = "m"', 'model = "other"')
    zone = base_rule("base.zone", match=', deployment = ["DataZoneStandard"]')
    book = compile_text(tmp_path, base_rule(), other, zone, ALIAS)
    served = {card.id: deployments_of(book, card) for card in book.content.cards}
    assert served == {"base.m": ["dep"], "base.other": [], "base.zone": []}
    found = ages(book, at=AT)
    assert (found.prices, found.old, found.oldest_rule) == (1, 0, "base.m")
    later = ages(book, at=datetime(2027, 1, 31, tzinfo=UTC))
    assert later.old == 1
    assert str(later) == ("1 of 1 prices in use were checked too long ago, base.m on 2026-11-01")
    assert ages(book, at=AT, days_max=30).old == 1


def test_a_rule_that_has_ended_is_in_no_use(tmp_path: Path) -> None:
    ended = base_rule(more="valid_to = 2026-12-01T00:00:00Z")
    book = compile_text(tmp_path, ended, ALIAS)
    found = ages(book, at=AT)
    assert found == (0, 0, None, None)
