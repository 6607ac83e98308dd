"""Where telemetry goes: by environment, and refused with the name of what is wrong."""

from datetime import date

import pytest

from telemetry.settings import (
    READ_VARIABLES,
    VARIABLES,
    BadTelemetry,
    TelemetrySettings,
    read_telemetry,
)
from tests.paths import ROOT

AZURE = "InstrumentationKey=00000000-0000-0000-0000-000000000000;IngestionEndpoint="
KEY = "0" * 32


def test_nothing_is_on_without_a_destination() -> None:
    assert read_telemetry({}) == TelemetrySettings()
    assert not read_telemetry({"TELEMETRY_SUBJECT_KEY": KEY}).is_on


def test_application_insights_is_asked_with_an_identity_but_on_this_machine() -> None:
    far = {"APPLICATIONINSIGHTS_CONNECTION_STRING": f"{AZURE}https://x.example/"}
    near = {"APPLICATIONINSIGHTS_CONNECTION_STRING": f"{AZURE}http://127.0.0.1:4319"}
    assert read_telemetry(far).signs_in
    assert not read_telemetry(near).signs_in
    assert read_telemetry({"APPLICATIONINSIGHTS_CONNECTION_STRING": AZURE}).signs_in


def test_the_first_day_that_is_published() -> None:
    assert read_telemetry({"PUBLISH_FROM": "2026-11-01"}).publish_from == date(2026, 11, 1)
    assert read_telemetry({"PUBLISH_FROM": ""}).publish_from is None


def test_a_collector() -> None:
    settings = read_telemetry({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318/"})
    assert (settings.is_on, settings.otlp_endpoint) == (True, "http://collector:4318")
    assert not settings.signs_in


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "x", "has no InstrumentationKey="),
        (
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            f"{AZURE}http://far.example",
            "does not start with https://",
        ),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", f"{AZURE}ftp://x", "is not a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318", "is not a URL"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://[", "is not a URL"),
        ("PUBLISH_FROM", "x", "'x' is not a day"),
        ("TELEMETRY_QUERY_URL", "http://elsewhere/v1", "does not start with https://"),
        ("TELEMETRY_SUBJECT_KEY", "short", "has 5 characters; expected at least 32"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(name: str, value: str, message: str) -> None:
    with pytest.raises(BadTelemetry, match=name) as refused:
        read_telemetry({name: value})
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "variable", [*VARIABLES, *READ_VARIABLES], ids=lambda variable: variable.name
)
def test_every_variable_is_documented(variable: object) -> None:
    page = (ROOT / "docs/telemetry.md").read_text(encoding="utf-8")
    assert f"| `{getattr(variable, 'name', '')}` |" in page
