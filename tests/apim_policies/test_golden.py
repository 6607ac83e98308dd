"""Each golden file is one call: what the client and the model sent, and exactly what the policies
made of it: the forwarded request, the answer, the event and its trace twin."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from apim_policies.harness.call import (
    KEY_MISSING,
    TIMEOUT,
    GatewayError,
    Passage,
    Request,
    Response,
)
from apim_policies.harness.policies import Policies
from apim_policies.probe import EVENT_BYTES_MAX, length_of, trace_twin, travel
from pricing_rules.decoding.usage_event import decode
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


def padded(told: Case) -> bytes:
    """A request's body, with blanks at its end where the case says how large it is."""
    return encode(told["body"]).ljust(told.get("bytes", 0))


def request_of(case: Case) -> Request:
    told = case["request"]
    body, headers = padded(told), dict(told["headers"])
    if body and not told.get("chunked"):
        headers |= [length_of(body)]
    if "token_claims" in told:
        headers["Authorization"] = f"Bearer {make_token(told['token_claims'])}"
    return Request(
        method=told["method"],
        url=ORIGIN + told["path"],
        headers=tuple(headers.items()),
        body=body,
        subscription=told.get("subscription"),
        product=told.get("product"),
    )


def end_of(case: Case) -> Response | GatewayError:
    end = case["end"]
    if "error" in end:
        return {"timeout": TIMEOUT, "key missing": KEY_MISSING}[end["error"]]
    headers = tuple(end["headers"].items())
    body = None if end.get("streamed") else encode(end["body"])
    return Response(status=end["status"], headers=headers, body=body)


@pytest.mark.parametrize("case", cases())
async def test_call_makes_exactly_the_golden_event_trace_and_messages(
    case: Case, load: Load
) -> None:
    policies = await load(case.get("named_values", {}))
    request, end = request_of(case), end_of(case)

    if end is KEY_MISSING:
        passage = await policies.refused(request, KEY_MISSING)
    else:
        await check_forwarded(policies, request, case)
        passage = await travel(policies, request, end)

    assert passage.faults == ()
    check_answer(passage, end, case["answer"])
    check_error(passage, case.get("error"))
    check_event(passage, request, case["event"])
    check_trace(passage, request, case)


async def check_forwarded(policies: Policies, request: Request, case: Case) -> None:
    expected: Case | None = case["forwarded"]
    forward = (await policies.inbound(request)).forward
    if expected is None:
        assert forward is None
        return
    assert forward is not None
    assert forward.method == request.method
    assert forward.url == BACKEND + expected["path"]
    headers = dict(forward.headers)
    length = headers.pop("Content-Length", None)
    assert headers == expected["headers"]
    assert length in (None, str(len(forward.body)))
    if expected["body"] != case["request"]["body"]:
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
        assert passage.events == ()
        return
    [logged] = passage.events
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
    check_decoded(logged.body, expected)


def check_trace(passage: Passage, request: Request, case: Case) -> None:
    """The event's twin, unless the case shows another trace or says that there is none."""
    if (expected := case.get("trace", case["event"])) is None:
        assert passage.traces == ()
        return
    [trace] = passage.traces
    assert (trace.source, trace.severity) == ("chargeback", "verbose")
    if "trace" not in case:
        assert trace.metadata == trace_twin(passage.events[0])
        return
    metadata = dict(trace.metadata)
    assert SEVEN_DIGITS_UTC.fullmatch(metadata.pop("time"))
    assert metadata.pop("id") == str(request.id)
    assert {"message": trace.message, **metadata} == expected


def check_decoded(body: bytes, expected: Case) -> None:
    """The consumer takes the event, and knows usage exactly where the model reported some, or
    seconds of audio."""
    decoded = decode(body, enqueued_time=datetime.now(UTC))
    assert isinstance(decoded, UsageEvent), decoded
    assert (decoded.subject, decoded.stream) == (expected["subject"], expected["data"]["stream"])
    said = (expected["data"]["usage"], expected["data"]["duration"])
    assert (decoded.usage is None) == (said == (None, None))
