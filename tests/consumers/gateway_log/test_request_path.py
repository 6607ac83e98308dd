"""The gateway's log has the whole URL. What was called is its path; callers choose the rest."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consumers.gateway_log.decode import decode_diagnostics
from pricing_rules.types import Operation
from table_api.open_calls.facts import RequestRecord
from tests.consumers.pairing.gateway import Call, envelope
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME

GATEWAY = "https://gateway.example/llm"


def read(path: str, method: str = "POST", **changes: Any) -> RequestRecord | None:
    """What one record says of a call whose trace is missing."""
    record = replace(Call(number=1), has_trace=False).gateway_record()
    record["properties"] |= {"method": method, "url": f"{GATEWAY}{path}", **changes}
    found = decode_diagnostics(
        envelope(record), enqueued_time=ENQUEUED_TIME, oldest=CALL_TIME - timedelta(days=1)
    )
    assert found.bad == []
    facts = [fact for _, fact in found.facts if isinstance(fact, RequestRecord)]
    return facts[0] if facts else None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/openai/v1/files?x=/chat/completions"),
        ("POST", "/openai/v1/files?x=1#/v1/messages"),
        ("POST", "/openai/v1/vector_stores?next=/openai/v1/videos"),
        ("GET", "/openai/v1/models?x=/responses/resp_1"),
        ("GET", "/openai/v1/models?x=/realtime"),
        ("POST", "/openai/v1/chat/completions%3Fx"),
        ("GET", "/openai/v1/responses"),
    ],
)
def test_a_query_makes_no_call_of_a_request_that_is_none(method: str, path: str) -> None:
    assert read(path, method) is None


@pytest.mark.parametrize(
    ("path", "operation", "deployment"),
    [
        ("/openai/deployments/gpt-5/chat/completions?x=1", Operation.CHAT_COMPLETIONS, "gpt-5"),
        ("/openai/v1/audio/speech?x=/deployments/free/", Operation.AUDIO_SPEECH, None),
        (
            "/openai/deployments/dear/embeddings?x=/deployments/free/",
            Operation.EMBEDDINGS,
            "dear",
        ),
        # As the gateway's policies and the model's server read it.
        ("/openai/deployments/gpt%2D5/embedding%73", Operation.EMBEDDINGS, "gpt-5"),
        ("//v1/messages/", Operation.MESSAGES, None),
    ],
)
def test_operation_and_deployment_are_those_of_the_path(
    path: str, operation: Operation, deployment: str | None
) -> None:
    record = read(path)
    assert record is not None
    assert (record.operation, record.deployment) == (operation, deployment)


@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/openai/v1/responses/resp_1", False),
        ("/openai/v1/responses/resp_1?stream=true", True),
        ("/openai/v1/responses/resp_1?x=1&stream=TRUE", True),
        ("/openai/v1/responses/resp_1?x=stream=true", False),
        ("/openai/v1/responses/resp%5F1/?stream=false", False),
    ],
)
def test_a_fetched_answer_is_named_by_the_path(path: str, *, stream: bool) -> None:
    record = read(path, "GET")
    assert record is not None
    assert (record.fetches, record.fetches_stream) == ("resp_1", stream)


@pytest.mark.parametrize(("status", "name"), [(101, "responses-socket"), (200, None), (426, None)])
def test_responses_over_a_socket_are_counted_and_a_list_of_them_is_not(
    status: int, name: str | None
) -> None:
    record = read("/openai/v1/responses", "GET", responseCode=status)
    assert (None if record is None else record.unmetered) == name
