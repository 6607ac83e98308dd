"""The log's records have the shape of recorded ones, and the consumers' decoder reads them, with
every habit of real logs switched on or off."""

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from apim_policies.harness.call import TIMEOUT, Forward, Gateway, Request, Trace
from consumers.gateway_log.decode import decode_diagnostics
from local_stack.gateway.reporting.call_log import CallLog
from local_stack.gateway.reporting.diagnostics import ENVELOPE_RECORDS_MAX, Diagnostics
from local_stack.gateway.reporting.gateway_log import GatewayLog, Record
from local_stack.gateway.reporting.hub_writer import HubWriter
from local_stack.gateway.reporting.trap import Trap
from pricing_rules.types import Operation
from table_api.open_calls.facts import RequestRecord, TokenCounts
from tests.paths import SHARED

SAMPLES = SHARED / "data/apim_events"
STARTED = datetime(2026, 11, 23, 12, 0, 0, 1234, tzinfo=UTC)
GATEWAY = Gateway(service="apim-local", region="swedencentral", api_id="llm", api_path="llm")
USAGE = {
    "prompt_tokens": 2048,
    "completion_tokens": 427,
    "total_tokens": 2475,
    "prompt_tokens_details": {"cached_tokens": 1024},
    "completion_tokens_details": {"reasoning_tokens": 192},
}
CALL_ID = UUID("8b7c1f04-52f7-4c9b-8d0e-6f3c0a9d1e22")
TRACE = Trace(
    source="chargeback",
    severity="information",
    message="llm.call.v1",
    metadata={
        "id": str(CALL_ID),
        "time": "2026-11-23T12:00:00.0012345Z",
        "subject": "person-1",
        "stream": "true",
        "status": "200",
        "operation": "chat-completions",
        "deployment": "gpt-4.1-mini",
    },
)


def make_call(path: str = "/llm/openai/deployments/gpt-4.1-mini/chat/completions") -> CallLog:
    url = f"http://localhost:8080{path}?api-version=2024-10-21"
    request = Request(method="POST", url=url, body=b'{"model":"from-body"}', id=CALL_ID)
    call = CallLog(request=request, started_ns=int(STARTED.timestamp()) * 10**9 + 1_234_567)
    call.started_s = 100.0
    call.forward = Forward(
        method="POST",
        url="http://model/x",
        headers=(),
        body=b"",
        timeout_s=1,
        buffer_response=False,
    )
    call.status = call.backend_status = 200
    call.streamed = True
    call.traces.append(TRACE)
    call.answer.whole(json.dumps({"id": "chatcmpl-1", "model": "m-1", "usage": USAGE}).encode())
    return call


def decoded(records: list[Record]) -> list[tuple[str, RequestRecord | TokenCounts]]:
    body = json.dumps({"records": records}).encode()
    found = decode_diagnostics(
        body, enqueued_time=STARTED + timedelta(minutes=2), oldest=STARTED - timedelta(days=10)
    )
    assert found.bad == []
    return found.facts


def test_a_streamed_call_leaves_its_outcome_identity_and_tokens() -> None:
    log = GatewayLog(gateway=GATEWAY)
    [(first_id, outcome), (second_id, tokens)] = decoded(log.records(make_call(), now_s=104.21))
    assert first_id == second_id == str(CALL_ID)
    assert isinstance(outcome, RequestRecord)
    assert (outcome.time, outcome.status, outcome.operation) == (
        STARTED,
        200,
        Operation.CHAT_COMPLETIONS,
    )
    assert outcome.identity is not None
    assert outcome.identity.subject == "person-1"
    assert isinstance(tokens, TokenCounts)
    counts = (tokens.prompt, tokens.completion, tokens.total, tokens.cached, tokens.reasoning)
    assert counts == (2048, 427, 2475, 1024, 192)
    assert (tokens.model, tokens.deployment) == ("m-1", "gpt-4.1-mini")


def test_a_refused_call_leaves_its_reason_and_no_tokens() -> None:
    call = make_call()
    call.forward, call.status, call.backend_status, call.error = None, 500, 0, TIMEOUT
    call.answer = type(call.answer)()
    [record] = GatewayLog(gateway=GATEWAY).records(call, now_s=100.0)
    assert (record["isRequestSuccess"], record["Level"]) == (False, 2)
    assert "backendUrl" not in record["properties"]
    [(_, outcome)] = decoded([record])
    assert isinstance(outcome, RequestRecord)
    assert (outcome.status, outcome.backend_status, outcome.error) == (500, 0, "Timeout")


@pytest.mark.parametrize("path", ["embeddings", "images/generations", "audio/transcriptions"])
def test_operations_that_the_real_log_leaves_out_have_no_tokens(path: str) -> None:
    call = make_call(f"/llm/openai/deployments/d/{path}")
    assert [row["category"] for row in GatewayLog(gateway=GATEWAY).records(call)] == ["GatewayLogs"]


def test_the_model_in_the_body_names_the_deployment_of_a_path_without_one() -> None:
    call = make_call("/llm/openai/v1/responses")
    _, llm_row = GatewayLog(gateway=GATEWAY).records(call)
    assert llm_row["properties"]["deploymentName"] == "from-body"


@pytest.mark.parametrize("trap", list(Trap))
def test_each_trap_leaves_the_same_facts_to_be_found(trap: Trap) -> None:
    """The largest of each count is the call's, whatever else the rows say."""
    records = GatewayLog(gateway=GATEWAY, traps=[trap]).records(make_call())
    facts = [fact for _, fact in decoded(records)]
    [outcome] = [fact for fact in facts if isinstance(fact, RequestRecord)]
    assert outcome.identity is not None
    rows = [fact for fact in facts if isinstance(fact, TokenCounts)]
    assert max(row.prompt for row in rows) == 2048
    assert max(row.completion for row in rows) == 427


def test_traps_look_as_the_real_log_was_seen_to() -> None:
    def rows(*traps: Trap) -> list[Record]:
        return GatewayLog(gateway=GATEWAY, traps=traps).records(make_call())

    assert isinstance(rows(Trap.TRACE_TEXT)[0]["properties"]["traceRecords"], str)
    assert rows(Trap.STREAM_FLAG)[1]["properties"]["isStreamCompletion"] is False
    chunks = [row["properties"] for row in rows(Trap.CHUNKS)[1:]]
    assert [chunk["sequenceNumber"] for chunk in chunks] == [0, 1, 2]
    assert [chunk["totalTokens"] for chunk in chunks] == [2475, 0, 0]
    repeats = [row["properties"]["completionTokens"] for row in rows(Trap.REPEATS)[1:]]
    assert repeats == [213, 427]
    probe = GatewayLog(gateway=GATEWAY).probe(make_call())
    assert decoded([probe]) == []
    assert probe["correlationId"] != str(CALL_ID)


def test_times_have_the_seven_digits_of_the_real_log() -> None:
    for row in GatewayLog(gateway=GATEWAY).records(make_call()):
        assert row["time"] == "2026-11-23T12:00:00.0012345Z"


@pytest.mark.skipif(not SAMPLES.exists(), reason="the recorded gateway logs are not here")
def test_records_have_the_fields_of_recorded_ones() -> None:
    recorded = json.loads((SAMPLES / "03_diag_envelope_chat_stream.json").read_text())["records"]
    made = GatewayLog(gateway=GATEWAY).records(make_call())
    # What a request to loopback has not: TLS, and a named backend.
    absent = {"clientTlsVersion", "backendId"}
    for real, ours in zip(recorded, made, strict=True):
        assert set(real) - set(ours) == set()
        assert set(real["properties"]) - set(ours["properties"]) <= absent
        assert set(ours["properties"]) <= set(real["properties"])
        kinds = {name: type(value) for name, value in real["properties"].items()}
        assert all(type(value) is kinds[name] for name, value in ours["properties"].items())


class Hub(HubWriter):
    """What would be sent."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def put(self, body: bytes, *, partition_key: str | None = None) -> None:
        assert partition_key is None
        self.bodies.append(json.loads(body))


async def test_records_of_many_calls_share_envelopes_of_bounded_size() -> None:
    hub = Hub()
    log = GatewayLog(gateway=GATEWAY, traps=[Trap.DISORDER, Trap.PROBES])
    async with Diagnostics(hub, log, delay_s=3_600, seed=7).running() as diagnostics:
        for _ in range(100):
            diagnostics.write(make_call())
        assert hub.bodies == []  # the delay is not over; leaving sends all the same
    sizes = [len(body["records"]) for body in hub.bodies]
    assert max(sizes) == ENVELOPE_RECORDS_MAX
    records = [record for body in hub.bodies for record in body["records"]]
    kinds = Counter(
        (record["category"], record["correlationId"] == str(CALL_ID)) for record in records
    )
    assert kinds[("GatewayLogs", True)] == kinds[("GatewayLlmLogs", True)] == 100
    assert kinds[("GatewayLlmLogs", False)] == pytest.approx(80, abs=15)
    assert [record["category"] for record in records[:2]] != ["GatewayLogs", "GatewayLlmLogs"]
