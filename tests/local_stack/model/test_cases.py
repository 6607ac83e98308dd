"""Answers of real providers that cost or break something: each can be ordered of the stand-in."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from local_stack.model.served_log import ServedLog
from local_stack.model.server import serving

ASK: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}]}
STREAMED = {**ASK, "stream": True, "stream_options": {"include_usage": True}}
DEPLOYED = "/openai/deployments/{}/chat/completions?api-version={}"


@pytest.fixture
def log() -> ServedLog:
    return ServedLog()


@pytest.fixture
async def session(log: ServedLog) -> AsyncIterator[aiohttp.ClientSession]:
    async with (
        serving(log=log) as port,
        aiohttp.ClientSession(f"http://127.0.0.1:{port}") as opened,
    ):
        yield opened


async def post(
    session: aiohttp.ClientSession, path: str, body: Any = ASK, **orders: str
) -> tuple[int, Any, Any]:
    """Status, JSON and headers; an order `tools` is the header `x-model-tools`."""
    headers = {f"x-model-{name.replace('_', '-')}": value for name, value in orders.items()}
    async with session.post(path, json=body, headers=headers) as answer:
        return answer.status, await answer.json(), answer.headers


@pytest.mark.parametrize(
    ("deployment", "version", "status"),
    [
        ("gpt-5", "2024-06-01", 400),
        ("gpt-5", "2024-05-01-preview", 400),
        ("gpt-5", "2024-08-01-preview", 200),
        ("gpt-5", "v1", 200),
        ("Mistral-small-2503", "2024-10-21", 422),
    ],
)
async def test_stream_options_are_refused_as_each_model_does(
    session: aiohttp.ClientSession, deployment: str, version: str, status: int
) -> None:
    path = DEPLOYED.format(deployment, version)
    async with session.post(path, json=STREAMED) as answer:
        assert answer.status == status
        assert status == 200 or "stream_options" in await answer.text()


async def test_answer_names_who_served_it(session: aiohttp.ClientSession, log: ServedLog) -> None:
    path = DEPLOYED.format("gpt-5-ptu", "2024-10-21")

    _, _, plain = await post(session, path)
    _, _, spilled = await post(session, path, spillover="gpt-5")

    assert plain["x-ms-deployment-name"] == "gpt-5-ptu"
    assert "x-ms-spillover-from-deployment" not in plain
    assert spilled["x-ms-deployment-name"] == "gpt-5"
    assert spilled["x-ms-spillover-from-deployment"] == "gpt-5-ptu"
    assert [call.deployment for call in log.calls] == ["gpt-5-ptu", "gpt-5"]


async def test_router_and_upgraded_deployment_name_another_model(
    session: aiohttp.ClientSession,
) -> None:
    path, routed = "/openai/v1/chat/completions", set()
    for number in range(20):
        _, answer, _ = await post(session, path, {**ASK, "model": "model-router", "n": number})
        routed.add(answer["model"])
    _, upgraded, _ = await post(
        session, DEPLOYED.format("gpt-4o", "v1"), answers_as="gpt-5-2025-08-07"
    )

    assert routed == {"gpt-4.1-mini-2025-04-14", "gpt-5-mini-2025-08-07"}
    assert upgraded["model"] == "gpt-5-2025-08-07"


async def test_tier_is_that_of_the_request(session: aiohttp.ClientSession) -> None:
    path = "/openai/v1/responses"
    for asked, answered in (("priority", "priority"), ("auto", "default"), (None, "default")):
        body = {"model": "gpt-5", "input": "Hi", "service_tier": asked}
        assert (await post(session, path, body))[1]["service_tier"] == answered


async def test_background_response_is_finished_after_its_polls_and_logged_once(
    session: aiohttp.ClientSession, log: ServedLog
) -> None:
    body = {"model": "o3", "input": "Hi", "background": True}
    status, queued, _ = await post(session, "/openai/v1/responses", body, polls="2")
    assert (status, queued["status"], queued["usage"]) == (200, "queued", None)
    assert list(log.calls) == []

    seen = []
    for _ in range(4):
        async with session.get(f"/openai/v1/responses/{queued['id']}") as answer:
            seen.append(await answer.json())

    states = ["in_progress", "in_progress", "completed", "completed"]
    assert [answer["status"] for answer in seen] == states
    assert seen[2]["usage"] == seen[3]["usage"] is not None
    assert [(call.usage, call.background) for call in log.calls] == [(seen[2]["usage"], True)]


@pytest.mark.parametrize("ends", ["failed", "cancelled"])
async def test_background_response_can_end_without_usage(
    session: aiohttp.ClientSession, ends: str
) -> None:
    body = {"model": "o3", "input": "Hi", "background": True}
    _, queued, _ = await post(session, "/openai/v1/responses", body, ends=ends, polls="0")
    async with session.get(f"/openai/v1/responses/{queued['id']}") as answer:
        done = await answer.json()
    assert (done["status"], done["usage"], done["background"]) == (ends, None, True)


async def test_background_response_can_be_cancelled_deleted_and_missed(
    session: aiohttp.ClientSession,
) -> None:
    body = {"model": "o3", "input": "Hi", "background": True}
    _, queued, _ = await post(session, "/openai/v1/responses", body)
    path = f"/openai/v1/responses/{queued['id']}"

    assert (await post(session, f"{path}/cancel"))[1]["status"] == "cancelled"
    async with session.delete(path) as answer:
        assert (await answer.json())["deleted"] is True
    async with session.get(path) as answer:
        assert answer.status == 404


async def test_fetch_of_a_background_response_can_stream(session: aiohttp.ClientSession) -> None:
    body = {"model": "o3", "input": "Hi", "background": True}
    _, queued, _ = await post(session, "/openai/v1/responses", body)
    async with session.get(f"/openai/v1/responses/{queued['id']}?stream=true") as answer:
        assert answer.content_type == "text/event-stream"
        assert b"response.completed" in await answer.read()


async def test_tools_are_items_of_the_output(session: aiohttp.ClientSession) -> None:
    body = {"model": "gpt-5", "input": "Hi", "tools": [{"type": "web_search"}]}
    order = "web_search=3,code_interpreter=1"
    _, answer, _ = await post(session, "/openai/v1/responses", body, tools=order)
    kinds = [item["type"] for item in answer["output"]]
    assert kinds == [*["web_search_call"] * 3, "code_interpreter_call", "message"]
    assert answer["tool_usage"] == {"web_search": {"num_requests": 3}}


async def test_searches_of_anthropics_server_are_blocks_and_counted(
    session: aiohttp.ClientSession,
) -> None:
    _, answer, _ = await post(
        session, "/anthropic/v1/messages", {**ASK, "model": "claude"}, tools="web_search=2"
    )
    assert [block["type"] for block in answer["content"]].count("server_tool_use") == 2
    assert answer["usage"]["server_tool_use"] == {"web_search_requests": 2}


async def test_compaction_has_a_usage_of_its_own(session: aiohttp.ClientSession) -> None:
    _, answer, _ = await post(
        session, "/openai/v1/responses/compact", {"model": "gpt-5", "input": "Hi"}
    )
    assert answer["object"] == "response.compaction"
    assert answer["usage"]["total_tokens"] > 0


@pytest.mark.parametrize(
    ("model", "wanted", "says"),
    [
        ("gpt-4o-transcribe", "json", {"text", "usage"}),
        ("whisper-1", "json", {"text"}),
        ("whisper-1", "verbose_json", {"task", "language", "segments", "text", "duration"}),
    ],
)
async def test_transcription_says_what_its_model_and_format_have(
    session: aiohttp.ClientSession, model: str, wanted: str, says: set[str]
) -> None:
    form = aiohttp.FormData({"model": model, "response_format": wanted})
    form.add_field("file", b"\0" * 352_000, filename="a.wav", content_type="audio/wav")
    async with session.post("/openai/v1/audio/transcriptions", data=form) as answer:
        said = await answer.json()
    assert set(said) == says
    assert said.get("duration") in (None, 11.0)


async def test_speech_is_sound_and_a_video_a_job(session: aiohttp.ClientSession) -> None:
    body = {"model": "gpt-4o-mini-tts", "input": "Hi", "voice": "alloy"}
    async with session.post("/openai/v1/audio/speech", json=body) as answer:
        assert answer.content_type == "audio/mpeg"
    status, job, _ = await post(session, "/openai/v1/videos", {"model": "sora-2", "prompt": "x"})
    assert (status, job["status"]) == (200, "queued")


@pytest.mark.parametrize(
    ("name", "value"),
    [("tools", "juggling=1"), ("ends", "well"), ("polls", "some")],
)
async def test_order_that_cannot_be_followed_is_refused_by_name(
    session: aiohttp.ClientSession, name: str, value: str
) -> None:
    status, body, _ = await post(session, DEPLOYED.format("gpt-5", "v1"), ASK, **{name: value})
    assert (status, f"x-model-{name}" in body["error"]["message"]) == (400, True)


async def test_log_has_each_answer_that_a_provider_bills(
    session: aiohttp.ClientSession, log: ServedLog
) -> None:
    path = DEPLOYED.format("gpt-5-mini", "2024-10-21")
    _, plain, _ = await post(session, path)
    async with session.post(path, json=STREAMED) as answer:
        await answer.read()
    await post(session, path, status="429")
    # The same question has the same counts, streamed or not.
    assert [(call.status, call.stream, call.usage) for call in log.calls] == [
        (200, False, plain["usage"]),
        (200, True, plain["usage"]),
        (429, False, None),
    ]
