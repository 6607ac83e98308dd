"""What the policies read of a request: the model of a form, tools, whether a stream is asked for
its usage, nothing of a large body, and nothing by which a caller hides what a call used."""

import json
from typing import Any

import pytest

from apim_policies.harness.call import Request
from apim_policies.probe import travel
from tests.apim_policies.conftest import Load
from tests.apim_policies.test_policies import CHAT, JSON, STREAM, USAGE, answer, chat, event_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def form(*parts: str, boundary: str = "b0") -> bytes:
    """Each part is its headers and its content, as they stand in the body."""
    return ("".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--").encode()


MODEL_PART = 'Content-Disposition: form-data; name="model"\r\n\r\n{}'


@pytest.mark.parametrize(
    ("body", "deployment"),
    [
        (form(MODEL_PART.format("whisper-1")), "whisper-1"),
        (form("content-disposition:form-data;name=model\r\nA: b\r\n\r\nwhisper-1"), "whisper-1"),
        (form(MODEL_PART.format("first"), MODEL_PART.format("second")), None),
        (form(MODEL_PART.format("")), None),
        (form(MODEL_PART.format("two words")), None),
        (form(MODEL_PART.format("m" * 129)), None),
        (form('Content-Disposition: form-data; name="model_name"\r\n\r\nwhisper-1'), None),
        (form('Content-Disposition: form-data; name="file"; filename="name=model"\r\n\r\nx'), None),
        (
            form(
                'Content-Disposition: form-data; name="f"; filename="a; name=model"\r\n\r\ncheap',
                MODEL_PART.format("whisper-1"),
            ),
            "whisper-1",
        ),
        (form('X: ; name=model\r\nContent-Disposition: form-data; name="f"\r\n\r\nx'), None),
        (form('Content-Disposition: form-data; name="f"\r\n\r\n' + MODEL_PART.format("x")), None),
        (form(MODEL_PART.format("whisper-1"), boundary="other"), None),
        (form(MODEL_PART.format("whisper-1"))[:40], None),
        (b"\xff\xfe\r\n" + form(MODEL_PART.format("whisper-1")), "whisper-1"),
        (b"", None),
    ],
    ids=range(15),
)  # fmt: skip
async def test_model_of_a_form_is_its_field_and_nothing_else(
    body: bytes, deployment: str | None, load: Load
) -> None:
    headers = (("Content-Type", "multipart/form-data; boundary=b0"),)
    url = "https://gateway/llm/openai/v1/audio/transcriptions"

    passage = await travel(await load({}), chat(body, url=url, headers=headers), answer())

    assert passage.faults == ()
    assert event_of(passage)["data"]["deployment"] == deployment


@pytest.mark.parametrize(
    ("length", "unread"),
    [(None, "no_length"), ("", "no_length"), ("2,2", "no_length"), ("1e3", "no_length"),
     ("99999999999999999999", "no_length"), ("1048577", "too_large"), ("1048576", None)],
)  # fmt: skip
async def test_body_is_read_by_its_stated_length_alone(
    length: str | None, unread: str | None, load: Load
) -> None:
    url = "https://gateway/llm/openai/v1/chat/completions"
    headers = JSON if length is None else (*JSON, ("Content-Length", length))
    request = Request(
        method="POST", url=url, headers=headers, body=b'{"model":"m"}', subscription="s"
    )

    data = event_of(await travel(await load({}), request, answer()))["data"]

    assert (data["body_unread"], data["deployment"]) == (unread, None if unread else "m")


AGENT = ["web_search", "code_interpreter", "image_generation", "computer_use_preview"]
AGENT += [
    "file_search",
    "web_search_preview_2025_03_11",
    "function",
    "local_shell",
    "tool_search",
    "mcp",
]
"""Of an agent whose tools have no room in a trace."""
CUT = ["not_in_trace"]
CALLS = {f"{kind}_call": 1 for kind in ("image_generation", "web_search")}
MANY_CALLS = {f"{kind}_with_a_longer_name_call": 1 for kind in AGENT}


@pytest.mark.parametrize(
    ("asked", "output", "told"),
    [
        (["web_search"], {}, {"requested": ["web_search"], "calls": {}}),
        (AGENT, {}, {"requested": CUT, "calls": {}}),
        (AGENT, CALLS, {"requested": CUT, "calls": CALLS}),
        ([], MANY_CALLS, {"requested": CUT, "calls": {"not_in_trace": 1}}),
    ],
)
async def test_tools_that_a_trace_has_no_room_for_are_told_as_such(
    asked: list[str], output: dict[str, int], told: dict[str, Any], load: Load
) -> None:
    """A trace that said nothing would look like a call without tools."""
    url = "https://gateway/llm/openai/v1/responses"
    body = json.dumps({"model": "m", "tools": [{"type": kind} for kind in asked]}).encode()

    passage = await travel(
        await load({}), chat(body, url=url), answer(output=[{"type": kind} for kind in output])
    )

    data = event_of(passage)["data"]
    assert (data["tools"]["requested"], data["tools"]["calls"]) == (asked, output)
    assert json.loads(passage.traces[0].metadata["tools"]) == {**told, "usage": None}


LEGACY = "https://gateway/llm/openai/deployments/d/completions"
OFF = {"chargeback-stream-usage": "false"}
ASKS = b'{"stream":true,"stream_options":{"include_usage":true}}'


@pytest.mark.parametrize(
    ("url", "body", "named_values", "unasked"),
    [
        (CHAT, b'{"stream":true}', {}, None),
        (CHAT, b'{"stream":true}', OFF, True),
        (CHAT, ASKS, OFF, None),
        (CHAT, ASKS.replace(b"true}}", b"false}}"), OFF, True),
        (CHAT, b'{"stream_options":5,"stream":true}', {}, True),
        (f"{CHAT}?api-version=2024-06-01", b'{"stream":true}', {}, True),
        (f"{CHAT}?api-version=2024-06-01", ASKS, {}, None),
        (LEGACY, b'{"stream":true}', {}, True),
        (LEGACY, ASKS, {}, None),
        ("https://gateway/llm/openai/v1/responses", b'{"stream":true}', {}, None),
        ("https://gateway/llm/anthropic/v1/messages", b'{"stream":true}', {}, None),
    ],
)
async def test_event_says_where_nobody_asked_a_stream_for_its_usage(
    url: str, body: bytes, named_values: dict[str, str], unasked: bool | None, load: Load
) -> None:
    passage = await travel(await load(named_values), chat(body, url=url), STREAM)
    assert event_of(passage)["data"]["usage_unasked"] is unasked


async def test_a_plain_call_is_never_unasked(load: Load) -> None:
    passage = await travel(await load(OFF), chat(), answer())
    assert event_of(passage)["data"]["usage_unasked"] is None


EMBEDDINGS = "https://gateway/llm/openai/v1/embeddings"
RESPONSES = "https://gateway/llm/openai/v1/responses"


async def test_no_caller_gets_an_answer_that_the_policies_cannot_read(load: Load) -> None:
    """The gateway reads gzip alone, so that the usage of an answer in br or zstd would be lost."""
    headers = (*JSON, ("Accept-Encoding", "br, zstd, gzip"))

    forward = (await (await load({})).inbound(chat(headers=headers))).forward

    assert forward is not None
    assert [name for name, _ in forward.headers if name.lower() == "accept-encoding"] == []


async def test_an_embedding_that_says_stream_keeps_its_usage(load: Load) -> None:
    """With `extra-parameters: drop` the model's server ignores the flag, and the log has none."""
    passage = await travel(
        await load({}), chat(b'{"model":"m","stream":true}', url=EMBEDDINGS), answer()
    )

    data = event_of(passage)["data"]
    assert (data["stream"], data["usage"]) == (False, USAGE)


async def test_an_embedding_that_is_streamed_all_the_same_is_not_read(load: Load) -> None:
    passage = await travel(await load({}), chat(b'{"model":"m"}', url=EMBEDDINGS), STREAM)
    assert event_of(passage)["data"]["stream"] is True


async def test_the_case_of_the_method_hides_no_call(load: Load) -> None:
    """Servers find a route for `post`, too, and the reader of the gateway's log counts it."""
    policies = await load({})

    assert event_of(await travel(policies, chat(method="post"), answer()))["data"]["usage"] == USAGE
    video = chat(method="Post", url="https://gateway/llm/openai/v1/videos")
    [trace] = (await travel(policies, video, answer())).traces
    assert trace.metadata["operation"] == "videos"


@pytest.mark.parametrize(
    ("content_type", "body", "unread"),
    [
        ("application/json", b'{"model":"m"}', None),
        ("application/json; charset=utf-8", b'{"model":"m"}', None),
        ("text/plain", b'{"model":"m"}', "no_json"),
        ("application/json", b'[{"model":"m"}]', "no_json"),
        ("application/json", b'{"model":"m"', "no_json"),
        ("multipart/form-data; boundary=b0", form(MODEL_PART.format("m")), "no_json"),
    ],
)
async def test_a_body_that_is_no_json_object_is_said_to_be_unread(
    content_type: str, body: bytes, unread: str | None, load: Load
) -> None:
    request = chat(body, url=RESPONSES, headers=(("Content-Type", content_type),))

    data = event_of(await travel(await load({}), request, STREAM))["data"]

    assert data["body_unread"] == unread


@pytest.mark.parametrize(
    ("asked", "requested"),
    [
        ({"agent": {"type": "agent_reference", "name": "a"}}, ["agent"]),
        ({"agent_reference": {"name": "a"}}, ["agent_reference"]),
        ({"prompt": {"id": "pmpt_1"}, "tools": [{"type": "function"}]}, ["prompt", "function"]),
        ({"prompt": "say"}, None),
        ({"prompt": ["say"]}, None),
        ({"web_search_options": {}}, ["web_search_options"]),
        ({"search_parameters": {"mode": "on"}}, ["search_parameters"]),
        ({"compaction": {"type": "summarize"}}, ["compaction"]),
        ({"context_management": {"edits": [{"type": "compact_20260112"}]}}, ["compaction"]),
        ({"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}, 5]}}, None),
        ({"context_management": {"edits": "compact"}, "compaction": None}, None),
        ({"context_management": [{"type": "compaction"}]}, None),
        ({"tools": [{"type": "code_interpreter"}]}, ["code_interpreter"]),
        (
            {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]},
            ["code_interpreter"],
        ),
        (
            {"tools": [{"type": "code_interpreter", "container": {"memory_limit": "1g"}}]},
            ["code_interpreter"],
        ),
        (
            {"tools": [{"type": "code_interpreter", "container": {"memory_limit": "64g"}}]},
            ["code_interpreter_64g"],
        ),
        (
            {"tools": [{"type": "code_interpreter", "container": {"memory_limit": "a b"}}]},
            ["code_interpreter_other"],
        ),
        (
            {"tools": [{"type": "code_interpreter", "container": "cntr_1"}]},
            ["code_interpreter_container"],
        ),
    ],
)
async def test_what_may_cost_next_to_tokens_is_told_of_a_stream(
    asked: dict[str, Any], requested: list[str] | None, load: Load
) -> None:
    """What was stored beforehand has tools of its own, which the request does not list."""
    body = json.dumps({"model": "m", "stream": True, **asked}).encode()

    data = event_of(await travel(await load({}), chat(body, url=RESPONSES), STREAM))["data"]

    assert (data["tools"] or {}).get("requested") == requested


async def test_a_long_list_of_tools_hides_no_stored_prompt(load: Load) -> None:
    tools = [{"type": f"kind_{number}"} for number in range(40)]
    body = json.dumps({"model": "m", "tools": tools, "prompt": {"id": "pmpt_1"}}).encode()

    data = event_of(await travel(await load({}), chat(body, url=RESPONSES), answer()))["data"]

    assert (len(data["tools"]["requested"]), data["tools"]["requested"][0]) == (32, "prompt")


async def test_a_long_list_of_tools_hides_no_size_of_the_code_interpreter(load: Load) -> None:
    tools: list[dict[str, Any]] = [{"type": f"kind_{number}"} for number in range(40)]
    tools.append({"type": "code_interpreter", "container": {"memory_limit": "64g"}})
    body = json.dumps({"model": "m", "tools": tools, "prompt": {"id": "pmpt_1"}}).encode()

    data = event_of(await travel(await load({}), chat(body, url=RESPONSES), answer()))["data"]

    requested = data["tools"]["requested"]
    assert (len(requested), requested[:2]) == (32, ["prompt", "code_interpreter_64g"])


REAL, FORGED = MODEL_PART.format("dear"), MODEL_PART.format("cheap")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        # Two boundaries: the model's server may take the first, and what stands in a field is text.
        ("multipart/form-data; boundary=b0; x=boundary=b1", form(FORGED, boundary="b1")),
        ("multipart/form-data; boundary=b1; boundary=b0", form(FORGED)),
        # Behind the end of a form, and behind a boundary with blanks, which is one all the same.
        ("multipart/form-data; boundary=b0", form("A: b\r\n\r\nx") + b"\r\n" + form(FORGED)),
        ("multipart/form-data; boundary=b0", b"--b0 \r\n" + REAL.encode() + b"\r\n" + form(FORGED)),
    ],
)
async def test_a_form_has_no_second_reading_that_names_another_model(
    content_type: str, body: bytes, load: Load
) -> None:
    url = "https://gateway/llm/openai/v1/audio/transcriptions"
    request = chat(body, url=url, headers=(("Content-Type", content_type),))

    assert event_of(await travel(await load({}), request, answer()))["data"]["deployment"] is None
