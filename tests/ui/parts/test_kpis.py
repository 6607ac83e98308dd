"""The UI knows the units and states by name only; these are the names that the engine uses. And
what a page says of a charge that nobody knows.
"""

from datetime import date
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from pricing_rules import types, units
from ui.api.usage_answers import CallState, Cost, Totals, Usage
from ui.figures.units import CACHED_UNITS, NOT_TOKENS, OUTPUT_UNITS, PROMPT_UNITS, tokens
from ui.parts.kpis import charge_text
from ui.period import DAY


def test_prompt_units_are_those_of_the_engine() -> None:
    assert set(PROMPT_UNITS) == units.PROMPT_UNITS
    assert set(CACHED_UNITS) < set(PROMPT_UNITS)


def test_every_unit_is_prompt_output_or_no_token() -> None:
    known = {*PROMPT_UNITS, *OUTPUT_UNITS, *NOT_TOKENS}
    assert known == set(units.Unit)
    assert set(OUTPUT_UNITS) == units.OUTPUT_UNITS


def test_call_states_are_those_of_the_engine() -> None:
    assert [state.value for state in CallState] == [state.value for state in types.CallState]


def test_seconds_and_pictures_are_not_tokens() -> None:
    assert tokens({"input": 2, "output": 3, "image": 1, "audio_ms": 900}) == 5


FREE = Cost(list=Decimal(0), contracted=Decimal(0), charge=Decimal(0))


def totals(cost: Cost | None, **counts: int) -> Totals:
    known = {
        "calls": 100,
        "errors": 0,
        "unpriced_calls": 0,
        "no_usage_calls": 0,
        "excluding_calls": 0,
        "pending_calls": 0,
    }
    return Totals(units={}, cost=cost, **(known | counts))


def sentence(usage: "Usage", running_day: "date") -> None:
    """The sentence of a page: a script of its own."""
    from ui.page_parts.spend.headline import show_sentence  # noqa: PLC0415

    show_sentence(usage, usage, running_day)


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({"unpriced_calls": 99}, "not priced yet"),
        ({"pending_calls": 99}, "not finished yet"),
        ({"no_usage_calls": 99}, "usage unknown"),
        ({"no_usage_calls": 99, "failed_calls": 99}, "nothing charged"),
        ({}, "nothing charged"),
    ],
)
def test_one_free_call_does_not_make_the_others_free(counts: dict[str, int], words: str) -> None:
    found = totals(FREE, **counts)
    assert charge_text(found, "USD") == words
    day = date(2026, 11, 3)
    usage = Usage(first=day, until=day + DAY, zone="UTC", currency="USD", data=[], totals=found)
    app = AppTest.from_function(sentence, args=(usage, day + 9 * DAY)).run()
    said = str(app.markdown[0].value)
    assert ("**0 USD**" in said) is (words == "nothing charged")
    assert words in said or "**0 USD**" in said
