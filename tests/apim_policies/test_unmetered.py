"""Billed operations that nobody counts: the list, the fragment and the trace say the same."""

import re

import pytest

from apim_policies.harness.call import Response
from apim_policies.probe import travel
from apim_policies.unmetered import FRAGMENT, read_operations, with_operations
from tests.apim_policies.conftest import Load
from tests.apim_policies.test_policies import JSON, STREAM, chat

OPERATIONS = read_operations()
PATHS = {
    "/openai/v1/videos": "videos",
    "/openai/v1/videos/vid_1/remix": "videos",
    "/openai/v1/video/generations/jobs": "video-jobs",
    "/providers/cohere/v2/rerank": "rerank",
    "/providers/cohere/v2/embed": "cohere",
    "/v1/chat": "cohere",
    "/providers/blackforestlabs/v1/flux-kontext-pro": "flux",
    "/v1/ocr/": "ocr",
    "/openai/threads/t_1/runs": "thread-runs",
    "/openai/threads/runs": "thread-runs",
    "/v1beta/models/gemini-2.5-pro:generateContent": "gemini",
    "/v1beta/models/gemini-2.5-pro:streamGenerateContent": "gemini",
    "/v1beta/models/embedding-001:batchEmbedContents": "gemini-embeddings",
    "/v1/projects/p/models/claude:streamRawPredict": "vertex",
    "/v1/projects/p/models/veo-3:predictLongRunning": "vertex",
    "/v1beta/interactions": "deep-research",
    "/model/anthropic.claude-v2/converse": "bedrock",
    "/model/anthropic.claude-v2/invoke-with-response-stream": "bedrock",
    "/model/anthropic.claude-v2/converse-stream": "bedrock",
    "/openai/v1/realtime/calls": "realtime",
    "/openai/v1/realtime/calls/rtc_1/accept": "realtime",
    "/openai/v1/realtime/client_secrets": "realtime-secrets",
    "/openai/v1/realtime/transcription_sessions": "realtime-secrets",
    "/openai/v1/realtime/translations/client_secrets": "realtime-secrets",
    "/openai/v1/realtime/translations/calls": "realtime",
    "/openai/v1/live/sessions": "live",
    "/openai/v1/live/sessions/live_1/fork": "live",
    "/openai/v1/videos/edits": "videos",
    "/openai/v1/videos/extensions": "videos",
    "/openai/v1/fine_tuning/jobs": "fine-tuning",
    "/openai/v1/fine_tuning/jobs/ftjob_1/resume": "fine-tuning",
    "/openai/v1/fine_tuning/alpha/graders/run": "fine-tuning",
    "/openai/v1/evals/eval_1/runs": "evals",
    "/openai/v1/containers": "containers",
    "/v1/sessions": "managed-agents",
    "/anthropic/v1/sessions/sesn_1/events": "managed-agents",
    "/openai/v1/agents/sessions/sess_1/events": "managed-agents",
    "/openai/v1/agents/agent_1/sessions": "managed-agents",
}
FREE = [
    "/openai/v1/files",
    "/openai/v1/uploads",
    "/openai/v1/uploads/u/parts",
    "/openai/v1/vector_stores",
    "/openai/v1/vector_stores/v/search",
    "/anthropic/v1/messages/count_tokens",
    "/v1beta/models/gemini-2.5-pro:countTokens",
    "/openai/v1/moderations",
    "/openai/v1/responses/resp_1/cancel",
    "/openai/v1/responses/input_tokens",
    "/v1/embed/jobs",
    "/openai/v1/videos/characters",
    "/openai/v1/fine_tuning/jobs/ftjob_1/cancel",
    "/openai/v1/evals",
    "/openai/v1/containers/cntr_1/files",
    "/openai/v1/live/sessions/live_1/hangup",
    "/openai/threads/t_1/messages",
    "/openai/v1/realtime/calls/rtc_1/hangup",
    "/openai/v1/realtime/calls/rtc_1/refer",
    "/v1/agents",
    "/v1/sessions/sesn_1",
    "/v1/sessions/sesn_1/archive",
    "/v1/environments",
    "/healthz",
]
DONE = Response(status=201, headers=JSON, body=b'{"id":"v"}')

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_fragment_is_that_of_the_list() -> None:
    text = FRAGMENT.read_text(encoding="utf-8")
    assert with_operations(text, OPERATIONS) == text
    assert with_operations(text, {}) != text


async def test_patterns_need_no_escape_and_every_one_has_an_example() -> None:
    assert [name for name in OPERATIONS if not re.fullmatch("[a-z-]+", name)] == []
    assert [text for text in OPERATIONS.values() if re.search(r"[\"'<>&\\]", text)] == []
    assert set(OPERATIONS) == set(PATHS.values())


@pytest.mark.parametrize("path", PATHS)
async def test_operation_that_nobody_counts_leaves_a_trace_with_its_name(
    path: str, load: Load
) -> None:
    passage = await travel(await load({}), chat(url=f"https://gateway/llm{path}"), DONE)

    [trace] = passage.traces
    assert (passage.events, trace.message) == ((), "llm.call.unmetered.v1")
    assert trace.metadata["operation"] == PATHS[path]
    assert trace.metadata["subject"] == "subscription:team-search"


@pytest.mark.parametrize("path", PATHS)
async def test_the_log_reader_finds_the_same_operation_by_the_path(path: str) -> None:
    found = [name for name, text in OPERATIONS.items() if re.search(text, path, re.IGNORECASE)]
    assert found == [PATHS[path]]


@pytest.mark.parametrize("path", FREE)
async def test_what_is_free_leaves_nothing(path: str, load: Load) -> None:
    passage = await travel(await load({}), chat(url=f"https://gateway/llm{path}"), DONE)

    assert (passage.events, passage.traces, passage.faults) == ((), (), ())


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_failed_call_of_such_an_operation_leaves_nothing(status: int, load: Load) -> None:
    request = chat(url="https://gateway/llm/openai/v1/videos")

    passage = await travel(await load({}), request, Response(status=status, headers=JSON, body=b""))

    assert (passage.events, passage.traces) == ((), ())


async def test_a_stream_of_such_an_operation_is_not_read(load: Load) -> None:
    url = "https://gateway/llm/v1beta/models/gemini-2.5-pro:streamGenerateContent"

    passage = await travel(await load({}), chat(url=url), STREAM)

    assert (passage.faults, passage.traces[0].metadata["status"]) == ((), "200")


async def test_a_get_is_never_such_an_operation(load: Load) -> None:
    request = chat(b"", method="GET", url="https://gateway/llm/openai/v1/videos")

    assert (await travel(await load({}), request, DONE)).traces == ()
