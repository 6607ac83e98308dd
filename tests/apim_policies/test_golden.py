"""Each golden file is one call: what the client and the model sent, and exactly what the policies
made of it: the forwarded request, the answer, the event and its trace twin."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from apim_policies.harness.call import TIMEOUT, GatewayError, Passage, Request, Response
from apim_policies.harness.policies import Policies
from apim_policies.probe import EVENT_BYTES_MAX, trace_twin, travel
from consumers.decoding.usage_event import decode
from pricing_rules.types import UsageEvent
from tests.apim_policies.conftest import FOLDER, Load
from tests.apim_policies.tokens import make_token

GOLDEN = Path(__file__).parent / "golden"
ORIGIN = "https://apim-contoso.azure-api.net/llm"
BACKEND = "https://model.example"
SEVEN_DIGITS_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z")
SCHEMA = json.loads((FOLDER / "usage_event.schema.json").read_text(encoding="utf-8"))

Case = dict[str, Any]
pytestmark = pytest.mark.asyncio(loop_scope="module")


def cases() -> list[Any]:
    paths = sorted(GOLDEN.glob("*.json"))
    return [pytest.param(json.loads(path.read_text("utf-8")), id=path.stem) for path in paths]


def encode(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def request_of(case: Case) -> Request:
    told = case["request"]
    headers = dict(told["headers"])
    if "token_claims" in told:
        headers["Authorization"] = f"Bearer {make_token(told['token_claims'])}"
    return Request(
        method=told["method"],
        url=ORIGIN + told["path"],
        headers=tuple(headers.items()),
        body=encode(told["body"]),
        subscription=told.get("subscription"),
        product=told.get("product"),
    )


def end_of(case: Case) -> Response | GatewayError:
    end = case["end"]
    if "error" in end:
        return TIMEOUT
    headers = tuple(end["headers"].items())
    body = None if end.get("streamed") else encode(end["body"])
    return Response(status=end["status"], headers=headers, body=body)


@pytest.mark.parametrize("case", cases())
async def test_call_makes_exactly_the_golden_event_trace_and_messages(
    case: Case, load: Load
) -> None:
    policies = await load(case.get("named_values", {}))
    request, end = request_of(case), end_of(case)

    await check_forwarded(policies, request, case["forwarded"])
    passage = await travel(policies, request, end)

    assert passage.faults == ()
    check_answer(passage, end, case["answer"])
    check_error(passage, case.get("error"))
    check_event(passage, request, case["event"])


async def check_forwarded(policies: Policies, request: Request, expected: Case | None) -> None:
    forward = (await policies.inbound(request)).forward
    if expected is None:
        assert forward is None
        return
    assert forward is not None
    assert forward.method == request.method
    assert forward.url == BACKEND + expected["path"]
    assert dict(forward.headers) == expected["headers"]
    if encode(expected["body"]) != request.body:
        assert list(json.loads(forward.body).items()) == list(expected["body"].items())
    else:
        assert forward.body == request.body
    assert (forward.timeout_s, forward.buffer_response) == (240, False)


def check_answer(passage: Passage, end: Response | GatewayError, expected: Case) -> None:
    answer = passage.answer
    assert answer is not None
    assert answer.status == expected["status"]
    if "headers" in expected:
        assert dict(answer.headers) == expected["headers"]
        assert json.loads(answer.body or b"") == expected["body"]
    else:
        assert isinstance(end, Response)
        assert (answer.headers, answer.body) == (end.headers, end.body)


def check_error(passage: Passage, expected: Case | None) -> None:
    if expected is None:
        assert passage.error is None
        return
    assert passage.error is not None
    told = {name: getattr(passage.error, name) for name in ("source", "reason", "section")}
    assert told == expected


def check_event(passage: Passage, request: Request, expected: Case | None) -> None:
    if expected is None:
        assert (passage.events, passage.traces) == ((), ())
        return
    [logged], [trace] = passage.events, passage.traces
    event = json.loads(logged.body)
    jsonschema.Draft202012Validator(SCHEMA).validate(event)
    assert SEVEN_DIGITS_UTC.fullmatch(event.pop("time"))
    assert event.pop("id") == str(request.id)
    assert 0 <= event["data"]["duration_ms"] < 60_000
    event["data"]["duration_ms"] = 0
    assert event == expected
    assert list(event["data"]) == list(expected["data"])
    assert logged.logger_id == "llm-usage"
    assert logged.partition_key == expected["subject"]
    assert len(logged.body) < EVENT_BYTES_MAX
    assert (trace.source, trace.severity) == ("chargeback", "information")
    assert trace.metadata == trace_twin(logged)
    check_decoded(logged.body, expected)


def check_decoded(body: bytes, expected: Case) -> None:
    """The consumer takes the event, and knows usage exactly where the model reported some."""
    decoded = decode(body, enqueued_time=datetime.now(UTC))
    assert isinstance(decoded, UsageEvent), decoded
    assert (decoded.subject, decoded.stream) == (expected["subject"], expected["data"]["stream"])
    assert (decoded.usage is None) == (expected["data"]["usage"] is None)
