"""Prices that end: those that nothing follows leave calls without a price."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
import streamlit as st

from tests.pricing_rules.books import ALIAS, base_rule, compile_text
from tests.ui.opening import opened, said
from tests.ui.stand import Stand
from ui.page_parts.price.price_history import ending

NOW = datetime(2026, 12, 1, tzinfo=UTC)
LATER = "2031-01-01T00:00:00Z"
STANDARD = ', deployment = ["GlobalStandard"]'
BOTH = ', deployment = ["GlobalStandard", "Standard"]'
OTHER = ', deployment = ["Standard"]'


def follows(match: str, since: str) -> str:
    return base_rule("base.later", match=match).replace("2026-01-01T00:00:00Z", since)


def other_type(since: str) -> str:
    return follows(OTHER, since).replace("base.later", "base.other")


def test_a_price_for_two_types_is_followed_by_one_for_each(
    empty_stand: Stand, tmp_path: Path
) -> None:
    own = base_rule("base.now", match=BOTH, more=f"valid_to = {LATER}")
    for rules, ends in (([follows(STANDARD, LATER), other_type(LATER)], 0), ([], 1)):
        book = compile_text(tmp_path, own, *rules, ALIAS)
        empty_stand.publish_prices(book, age_days_max=10_000)
        found = ending(empty_stand.client.prices(history=True).data, now=NOW)
        assert len(found) == ends


@pytest.mark.parametrize(
    ("rules", "ends"),
    [
        ([], True),
        ([follows(STANDARD, LATER)], False),
        ([follows(BOTH, LATER)], False),
        ([follows("", LATER)], False),
        ([follows(OTHER, LATER)], True),
    ],
)
def test_a_price_ends_where_no_other_one_is_for_the_same_calls(
    empty_stand: Stand, tmp_path: Path, rules: list[str], ends: bool
) -> None:
    own = base_rule("base.now", match=STANDARD, more=f"valid_to = {LATER}")
    empty_stand.publish_prices(compile_text(tmp_path, own, *rules, ALIAS), age_days_max=10_000)
    found = ending(empty_stand.client.prices(history=True).data, now=NOW)
    assert [(str(at.date()), price.rule) for at, price in found] == (
        [("2031-01-01", "base.now")] if ends else []
    )


def test_the_page_says_which_price_ends_and_up_to_which_prompt_a_new_one_holds(
    empty_stand: Stand, tmp_path: Path
) -> None:
    tiers = (
        "\n[[rule.tier]]\nup_to_prompt_tokens = 200000\n"
        'rates = { input = "2", output = "8" }\n'
        '[[rule.tier]]\nrates = { input = "4", output = "12" }\n'
    )
    own = base_rule("base.now", more="valid_to = 2031-01-01T00:00:00Z")
    tiered = base_rule("base.tiered", rates=tiers).replace("2026-01-01", "2030-01-01", 1)
    tiered = tiered.replace('model = "m"', 'model = "other"')
    empty_stand.publish_prices(compile_text(tmp_path, own, tiered, ALIAS), age_days_max=10_000)
    st.cache_data.clear()
    app = opened("prices")
    assert not app.exception
    assert "**m may have no price from 1 Jan 2031 on** (UTC; all): its price ends" in said(app)
    assert "input 2, output 8 USD per million for prompts of up to 200,000 tokens." in said(app)
