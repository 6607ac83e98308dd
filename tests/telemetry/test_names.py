"""The names of the conventions are those of the installed package, while it still has them."""

import re

import pytest
from opentelemetry.semconv._incubating.attributes import (
    enduser_attributes,
    gen_ai_attributes,
    session_attributes,
)

from telemetry.names import EventName, GenAi, OfSpan, Own, Person, SpanName
from tests.paths import ROOT

PAGE = (ROOT / "docs/telemetry.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", GenAi)
def test_a_gen_ai_name_is_one_of_the_conventions(name: GenAi) -> None:
    assert name.value in vars(gen_ai_attributes).values()


def test_the_columns_of_application_insights_are_fed_by_the_conventions() -> None:
    assert Person.SESSION.value == session_attributes.SESSION_ID
    assert Person.PSEUDONYM.value == enduser_attributes.ENDUSER_PSEUDO_ID


def test_own_names_are_of_one_family() -> None:
    for name in (*Own, *OfSpan, *SpanName, *EventName):
        assert re.fullmatch(r"chargeback(\.[a-z_]+)+", name.value)


@pytest.mark.parametrize("name", [*Own, *OfSpan, *SpanName, *EventName, *GenAi, *Person])
def test_every_name_is_documented(name: str) -> None:
    assert f"`{name}`" in PAGE
