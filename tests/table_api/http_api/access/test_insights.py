"""How the API asks Application Insights, and what it answers when there is no answer."""

import contextlib
from datetime import UTC, datetime

import pytest

from local_stack.insights.server import serving
from table_api.http_api.access.insights import LateClient, insights_of
from table_api.http_api.conventions.problems import ProblemKind, Refused
from telemetry.queries import answers
from telemetry.settings import TelemetrySettings
from tests.fixtures.insights import KEY

DAY = datetime(2026, 11, 20, tzinfo=UTC)
NOBODY = "http://127.0.0.1:9/v1"
"""Nothing listens at this port."""


async def test_a_client_is_opened_by_its_first_question() -> None:
    async with serving() as served:
        settings = TelemetrySettings(workspace="any", query_url=served.query_url, subject_key=KEY)
        async with contextlib.aclosing(LateClient(settings)) as client:
            insights = insights_of(settings, client)
            assert insights is not None
            assert insights.names.subject("ann") != "ann"
            found = await insights.ask(answers.CELLS, start=DAY, stop=DAY)
            assert found.rows == []


@pytest.mark.parametrize(
    "settings",
    [
        TelemetrySettings(subject_key=KEY),
        TelemetrySettings(workspace="any", subject_key="@Microsoft.KeyVault(SecretUri=…)"),
    ],
)
def test_without_a_workspace_or_the_key_nothing_is_read(settings: TelemetrySettings) -> None:
    assert insights_of(settings, LateClient(settings)) is None


async def test_a_workspace_that_does_not_answer_is_unavailable() -> None:
    settings = TelemetrySettings(workspace="any", query_url=NOBODY)
    async with contextlib.aclosing(LateClient(settings)) as client:
        insights = insights_of(settings, client)
        assert insights is not None
        with pytest.raises(Refused) as refused:
            await insights.ask(answers.CELLS, start=DAY, stop=DAY)
    assert refused.value.kind is ProblemKind.TELEMETRY_UNAVAILABLE
    assert NOBODY not in refused.value.detail


async def test_a_text_that_no_query_takes_names_the_callers_parameter() -> None:
    settings = TelemetrySettings(workspace="any", query_url=NOBODY)
    async with contextlib.aclosing(LateClient(settings)) as client:
        insights = insights_of(settings, client)
        assert insights is not None
        with pytest.raises(Refused) as refused:
            await insights.ask(answers.USER_BY_DAY, user="a\u0007b", start=DAY, stop=DAY)
    assert refused.value.kind is ProblemKind.INVALID_PARAMETER
    assert [error.field for error in refused.value.errors] == ["subject"]
