"""Which requests are billed and counted by nobody, and that they are counted by operation alone."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from consumers.gateway_log.decode import decode_diagnostics
from consumers.gateway_log.unmetered import unmetered_operation
from pricing_rules.types import UNATTRIBUTED
from table_api.audit.ledger_audit import audit
from table_api.completeness.calls import seen_call
from table_api.completeness.meter import CompletenessMeter
from table_api.completeness.tallies import CallTally
from table_api.open_calls.decision import PairingState
from table_api.storage.memory_tables import MemoryTableStorage
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME
from tests.fixtures.calls import NOW
from tests.paths import ROOT

DAY = timedelta(days=1)
OVERDUE = CALL_TIME + WAITS.timeout
NAMES = json.loads((ROOT / "consumers/gateway_log/unmetered_operations.json").read_text("utf-8"))


def record(
    number: int, path: str, method: str = "POST", status: int = 200, **changes: Any
) -> dict[str, Any]:
    call = replace(Call(number=number), has_trace=False).gateway_record()
    call["properties"] |= {
        "method": method,
        "url": f"https://gateway.example{path}",
        "responseCode": status,
        "backendResponseCode": status,
        **changes,
    }
    return call


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/openai/v1/videos", "videos"),
        ("POST", "/openai/v1/videos/video_1/remix?x=1", "videos"),
        ("POST", "/cohere/v2/rerank", "rerank"),
        ("POST", "/providers/cohere/v2/embed?api-version=1", "cohere"),
        ("POST", "/providers/cohere/v2/chat", "cohere"),
        ("POST", "/providers/blackforestlabs/v1/flux-2-pro?api-version=preview", "flux"),
        ("POST", "/v1beta/models/gemini-2.5-pro:batchGenerateContent", "gemini"),
        ("POST", "/v1/projects/p/models/veo-3:predictLongRunning", "vertex"),
        ("POST", "/v1beta/models/gemini-2.5-pro:countTokens", None),
        ("POST", "/async-invoke", "bedrock"),
        ("POST", "/openai/threads/t_1/runs?api-version=1", "thread-runs"),
        ("POST", "/v1beta/models/gemini-2.5-pro:generateContent", "gemini"),
        ("POST", "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "gemini"),
        ("POST", "/model/anthropic.claude/converse", "bedrock"),
        ("POST", "/openai/v1/batches", "batches"),
        ("GET", "/openai/realtime?deployment=gpt-realtime", "realtime"),
        ("POST", "/openai/v1/realtime/calls?model=gpt-realtime", "realtime"),
        ("POST", "/openai/v1/realtime/calls/rtc_1/accept", "realtime"),
        ("POST", "/openai/v1/realtime/calls/rtc_1/hangup", None),
        ("GET", "/openai/v1/realtime/calls", None),
        ("POST", "/openai/v1/realtime/client_secrets", "realtime-secrets"),
        ("POST", "/openai/v1/realtime/sessions", "realtime-secrets"),
        ("POST", "/openai/v1/realtime/translations/client_secrets", "realtime-secrets"),
        ("GET", "/openai/v1/realtime/translations?model=gpt-realtime-translate", "realtime"),
        ("GET", "/openai/v1/live/sessions", "live"),
        ("GET", "/openai/v1/live/sessions/live_1/fork", "live"),
        ("POST", "/openai/v1/live/sessions", "live"),
        ("POST", "/openai/v1/videos/extensions", "videos"),
        ("POST", "/openai/v1/fine_tuning/jobs", "fine-tuning"),
        ("POST", "/openai/v1/evals/eval_1/runs", "evals"),
        ("POST", "/openai/v1/containers", "containers"),
        ("POST", "/anthropic/v1/sessions/sesn_1/events?beta=true", "managed-agents"),
        ("POST", "/openai/v1/vide%6Fs", "videos"),
        ("POST", "/openai/v1/files?x=/openai/v1/videos", None),
        ("GET", "/openai/v1/responses", None),
        ("GET", "/openai/v1/videos", None),
        ("POST", "/openai/v1/files", None),
        ("POST", "/openai/v1/uploads", None),
        ("POST", "/openai/v1/vector_stores", None),
        ("POST", "/anthropic/v1/messages/count_tokens", None),
        ("POST", "/openai/v1/moderations", None),
        ("GET", "/health", None),
        ("POST", "/openai/v1/batches/b_1/cancel", None),
    ],
)
def test_only_billed_operations_are_named(method: str, path: str, operation: str | None) -> None:
    assert unmetered_operation(method, f"https://gateway.example{path}") == operation
    found = decode_diagnostics(
        envelope(record(1, path, method)), enqueued_time=ENQUEUED_TIME, oldest=CALL_TIME - DAY
    )
    kept = [getattr(fact, "unmetered", None) for _, fact in found.facts]
    assert kept == ([] if operation is None else [operation])


def test_a_url_that_is_none_is_no_operation() -> None:
    assert unmetered_operation("POST", "https://[half") is None


async def test_such_requests_are_counted_by_operation_and_make_no_row() -> None:
    world = await World.over(MemoryTableStorage())
    records = [
        record(1, "/openai/v1/videos"),
        record(2, "/openai/v1/videos"),
        record(2, "/openai/v1/videos"),  # the log repeats records
        record(3, "/cohere/v2/rerank"),
        record(4, "/cohere/v2/rerank", status=400),
        record(5, "/cohere/v2/rerank", backendResponseCode=0, backendTime=0, cache="hit"),
        record(6, "/openai/realtime?model=r", "GET", 101),
        record(7, "/openai/v1/realtime/calls", status=201),
        record(8, "/openai/v1/realtime/client_secrets"),
        record(9, "/openai/v1/responses", "GET", 101),
        record(10, "/openai/v1/responses", "GET"),  # lists responses
    ]
    for each in records:
        await world.pair(world.diagnostics, envelope(each), ENQUEUED_TIME)
    await world.sweep(OVERDUE)
    assert (world.outbox.sent, await world.standing()) == ([], {})
    calls = await world.calls.calls(CALL_TIME - DAY, CALL_TIME + DAY)
    assert {call.state for call in calls} == {PairingState.UNMETERED}
    meter = CompletenessMeter()
    meter.add([seen for call in calls if (seen := seen_call(call))], {})
    report = meter.report()
    assert report.unmetered == {
        "realtime": 2, "realtime-secrets": 1, "rerank": 1, "responses-socket": 1, "videos": 2
    }  # fmt: skip
    assert report.totals.calls.get(CallTally.GATEWAY_CALLS, 0) == 0


async def test_where_the_log_has_tokens_the_call_is_counted_as_any_other() -> None:
    """The gateway's log reads some of these answers: what it counted is not thrown away."""
    world = await World.over(MemoryTableStorage())
    call = record(1, "/v1beta/models/gemini-2.5-pro:generateContent")
    await world.pair(world.diagnostics, envelope(call, Call(number=1).llm_record()), ENQUEUED_TIME)
    await world.sweep(OVERDUE)
    await world.meter(world.outbox.sent, OVERDUE)
    [[standing]] = (await world.standing()).values()
    assert (standing.subject, int(standing.row["tokens"])) == (UNATTRIBUTED, Call(number=1).total)
    assert (await audit(world.storage, now=NOW)).ok


def test_every_name_of_the_file_is_documented() -> None:
    text = (ROOT / "docs/diagnostics_event.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}`" not in text] == []
