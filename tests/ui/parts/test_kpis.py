"""The UI knows the units and states by name only; these are the names that the engine uses."""

from pricing_rules import types, units
from ui.api.usage_answers import CallState
from ui.figures.units import CACHED_UNITS, NOT_TOKENS, OUTPUT_UNITS, PROMPT_UNITS, tokens


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
