"""What the deployed policies do in the cases that no golden call shows."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from msgspec.structs import replace

from apim_policies.check import read_named_values
from apim_policies.harness.call import CALLER_GONE, Passage, Request, Response
from apim_policies.harness.policies import Policies
from apim_policies.probe import EVENT_BYTES_MAX, length_of, trace_twin, travel
from tests.apim_policies.conftest import FOLDER, GATEWAY, Load
from tests.apim_policies.tokens import make_token
from tests.paths import ROOT

SCHEMA = json.loads((FOLDER / "usage_event.schema.json").read_text(encoding="utf-8"))
CHAT = "https://gateway/llm/openai/deployments/gpt-5-mini/chat/completions"
JSON = (("Content-Type", "application/json"),)
STREAM = Response(status=200, headers=(("Content-Type", "text/event-stream"),))
TRACE_BYTES_MAX = 2048
VECTORS = json.loads((ROOT / "tests/fixtures/partition_keys.json").read_text("utf-8"))
USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def chat(body: bytes = b'{"messages":[]}', **changes: Any) -> Request:
    values: dict[str, Any] = {"method": "POST", "url": CHAT, "headers": JSON}
    values |= {"subscription": "team-search", **changes}
    values["headers"] = (*values["headers"], length_of(body))
    return Request(body=body, **values)


def answer(**changes: Any) -> Response:
    body = {"id": "r", "model": "m", "usage": USAGE, **changes}
    return Response(status=200, headers=JSON, body=json.dumps(body).encode())


def event_of(passage: Passage) -> Any:
    [logged] = passage.events
    assert len(logged.body) < EVENT_BYTES_MAX
    event = json.loads(logged.body)
    jsonschema.Draft202012Validator(SCHEMA).validate(event)
    metadata = passage.traces[0].metadata
    assert metadata == trace_twin(logged)
    assert sum(len(name) + len(value) for name, value in metadata.items()) < TRACE_BYTES_MAX
    return event


async def test_error_after_outbound_reports_the_same_call_again(tmp_path: Path, mono: None) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "policies"))
    policy = folder / "llm_api.policy.xml"
    head, outbound, tail = policy.read_text("utf-8").partition("<outbound>")
    failing = """<set-variable name="x" value='@(int.Parse("no number"))' />"""
    policy.write_text(head + outbound + tail.replace("<base />", failing, 1), encoding="utf-8")

    values = read_named_values(folder)
    async with await Policies.load(folder, values, gateway=GATEWAY) as policies:
        passage = await travel(policies, chat(), answer())

    first, second = (json.loads(logged.body) for logged in passage.events)
    assert passage.answer is not None
    assert passage.answer.status == 500
    assert (first["data"]["status"], first["data"]["usage"]) == (200, USAGE)
    assert second == first
    assert len(passage.traces) == 2


async def test_huge_answer_passes_unchanged_and_its_event_stays_small(load: Load) -> None:
    response = answer(data=[{"b64_json": "A" * 6_000_000}])

    passage = await travel(await load({}), chat(), response)

    assert passage.answer is not None
    assert passage.answer.body == response.body
    assert event_of(passage)["data"]["usage"] == USAGE


async def test_long_usage_stays_in_the_event(load: Load) -> None:
    usage = {**USAGE, "iterations": [USAGE] * 1_000}

    passage = await travel(await load({}), chat(), answer(usage=usage))

    assert len(passage.events[0].body) > 60_000
    assert event_of(passage)["data"]["usage"] == usage


async def test_usage_too_large_for_an_event_is_left_to_the_gateway_log(load: Load) -> None:
    usage = {**USAGE, "iterations": [USAGE] * 2_000}
    output = [{"type": "web_search_call"}]

    passage = await travel(await load({}), chat(), answer(usage=usage, output=output))

    data = event_of(passage)["data"]
    assert data["usage"] is None
    assert data["tools"] == {"requested": [], "calls": {"web_search_call": 1}, "usage": None}


async def test_tool_usage_too_large_for_an_event_goes_before_the_usage(load: Load) -> None:
    tool_usage = {f"tool_{number}": {"requests": number} for number in range(3_000)}
    output = [{"type": "web_search_call"}]

    passage = await travel(await load({}), chat(), answer(tool_usage=tool_usage, output=output))

    data = event_of(passage)["data"]
    assert data["usage"] == USAGE
    assert data["tools"] == {"requested": [], "calls": {"web_search_call": 1}, "usage": None}


async def test_longest_names_a_client_can_send_fit_an_event(load: Load) -> None:
    name = "m" * 128
    headers = (*JSON, ("x-session-id", name), ("traceparent", f"00-{'a' * 32}-{'b' * 16}-01"))
    url = "https://gateway/llm/openai/v1/responses"
    kinds = [f"{number:02}{'k' * 62}" for number in range(40)]
    asked = {
        "model": name,
        "service_tier": "t" * 32,
        "background": True,
        "tools": [{"type": kind} for kind in kinds],
    }
    request = chat(json.dumps(asked).encode(), url=url, headers=headers)
    said: dict[str, Any] = {"id": name, "model": name, "service_tier": "t" * 64, "status": "s" * 32}
    said["output"] = [{"type": f"{kind[:59]}_call"} for kind in kinds]
    response = answer(**said)
    served = (("x-ms-deployment-name", "d" * 64), ("x-ms-spillover-from-deployment", "f" * 64))
    response = replace(response, headers=(*response.headers, *served))

    data = event_of(await travel(await load({}), request, response))["data"]

    assert (data["session"], data["deployment"], data["model"]) == (name, name, name)
    assert (data["served_deployment"], data["spillover_from"]) == ("d" * 64, "f" * 64)
    assert data["tools"]["requested"] == kinds[:32]
    assert len(data["tools"]["calls"]) == 32
    assert data["usage"] == USAGE


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"stream":"yes","model":7}',
        b'{"stream":null,"model":null}',
        b'{"model":"a\\u0000b"}',
        b'{"model":"' + b"x" * 129 + b'"}',
        b'{"model":"with space"}',
        b'{"model":"a\\nb"}',
        b'{"model":"stream\\nno\\nb"}',
        b"\xff\xfe",
    ],
)
async def test_odd_request_body_neither_fails_the_call_nor_breaks_the_event(
    body: bytes, load: Load
) -> None:
    request = chat(body, url="https://gateway/llm/openai/v1/chat/completions")

    passage = await travel(await load({}), request, answer())

    assert passage.faults == ()
    data = event_of(passage)["data"]
    assert (data["stream"], data["deployment"], data["usage"]) == (False, None, USAGE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"usage":7,"model":{"a":1},"id":[],"service_tier":5}',
        b'{"usage":null,"model":"","id":"\\n","service_tier":"a\\n"}',
        b"\xff",
    ],
)
async def test_odd_answer_body_reports_no_usage_and_reaches_the_client(
    body: bytes, load: Load
) -> None:
    response = Response(status=200, headers=JSON, body=body)

    passage = await travel(await load({}), chat(), response)

    assert passage.faults == ()
    assert passage.answer is not None
    assert passage.answer.body == body
    assert event_of(passage)["data"]["usage"] is None


async def test_line_break_in_a_name_shifts_no_other(load: Load) -> None:
    body = b'{"model":"a\\nb","id":"r-1","service_tier":"c\\nd","usage":{"x\\ny":"p\\nq"}}'

    passage = await travel(await load({}), chat(), Response(status=200, headers=JSON, body=body))

    data = event_of(passage)["data"]
    assert (data["model"], data["response_id"], data["service_tier"]) == (None, "r-1", None)
    assert data["usage"] == {"x\ny": "p\nq"}


@pytest.mark.parametrize(
    "body",
    [
        '{"stream":true,"tools":[{"stream_options":{"a":1}}],"messages":[]}',
        '{"messages":[{"content":"\\"stream_options\\": {}"}],"stream":true}',
        '{"stream":true,"stream_options":null,"messages":[]}',
        '{ "stream" : true , "stream_options" : { } }',
        '\n {"stream":true,"n":1e3,"seed":12345678901234567890,"t":"2024-01-01T00:00:00.000Z"}',
    ],
)
async def test_streamed_chat_gains_include_usage_and_nothing_else_changes(
    body: str, load: Load
) -> None:
    forward = (await (await load({})).inbound(chat(body.encode()))).forward

    assert forward is not None
    before, after = json.loads(body), json.loads(forward.body)
    assert after.pop("stream_options") == {"include_usage": True}
    before.pop("stream_options", None)
    assert after == before


async def test_only_a_post_is_a_model_call(load: Load) -> None:
    request = chat(b"", method="OPTIONS")

    assert (await travel(await load({}), request, answer())).events == ()


async def test_stream_flag_of_another_type_does_not_hide_the_model(load: Load) -> None:
    url = "https://gateway/llm/openai/v1/chat/completions"
    request = chat(b'{"stream":"yes","model":"gpt-5-mini"}', url=url)

    data = event_of(await travel(await load({}), request, answer()))["data"]

    assert (data["stream"], data["deployment"]) == (False, "gpt-5-mini")


async def test_caller_who_hung_up_is_reported_with_status_0(load: Load) -> None:
    policies = await load({})
    passage = await policies.inbound(chat(b'{"stream":true}'))

    done = await policies.on_error(passage, CALLER_GONE)

    assert (done.answer, done.error) == (None, CALLER_GONE)
    data = event_of(done)["data"]
    assert (data["status"], data["stream"], data["usage"]) == (0, True, None)


async def test_event_that_cannot_be_built_is_left_out_and_the_call_goes_on(
    tmp_path: Path, mono: None
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "policies"))
    policy = folder / "llm_api.policy.xml"
    without_capture = """<policies><inbound /><backend>
        <include-fragment fragment-id="chargeback-forward" /></backend><outbound>
        <include-fragment fragment-id="chargeback-usage-event" /></outbound></policies>"""
    policy.write_text(without_capture, encoding="utf-8")

    async with await Policies.load(folder, read_named_values(folder)) as policies:
        passage = await travel(policies, chat(), answer())

    assert passage.answer is not None
    assert (passage.answer.status, passage.events, passage.faults) == (200, (), ())


async def test_key_in_the_query_does_not_reach_the_model(load: Load) -> None:
    request = chat(url=f"{CHAT}?api-version=2024-10-21&subscription-key=0123")

    forward = (await (await load({})).inbound(request)).forward

    assert forward is not None
    assert forward.url.endswith("/chat/completions?api-version=2024-10-21")


@pytest.mark.parametrize("content_type", ["application/x-ndjson", "application/jsonl", "a/b"])
async def test_answer_that_is_no_single_json_document_is_not_read(
    content_type: str, load: Load
) -> None:
    policies = await load({})
    passage = await policies.inbound(chat())

    done = await policies.outbound(
        passage, Response(status=200, headers=(("Content-Type", content_type),))
    )

    assert event_of(done)["data"]["usage"] is None


@pytest.mark.parametrize(
    "body",
    [
        b'{"tools":[{"stream_options":{"a":1}}],"stream_options":{"b":2},"stream":true}',
        b'{"stream_options":5,"stream":true}',
    ],
)
async def test_body_that_cannot_be_edited_safely_is_forwarded_as_it_came(
    body: bytes, load: Load
) -> None:
    forward = (await (await load({})).inbound(chat(body))).forward

    assert forward is not None
    assert forward.body == body


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/openai/deployments/d/Chat/Completions/", "chat-completions"),
        ("/models/chat/completions", "chat-completions"),
        ("/openai/deployments/d/images/edits", "images"),
        ("/openai/deployments/d/audio/translations", "audio-transcriptions"),
        ("/openai/v1/responses/compact", "responses"),
        ("/openai/v1/responses/resp_1/cancel", None),
        ("/openai/v1/responses/input_tokens", None),
        ("/openai/v1/threads/t/messages", None),
        ("/openai/v1/files", None),
    ],
)
async def test_operation_is_told_by_the_path(path: str, operation: str | None, load: Load) -> None:
    request = chat(url=f"https://gateway/llm{path}")

    passage = await travel(await load({}), request, answer())

    operations = [json.loads(logged.body)["data"]["operation"] for logged in passage.events]
    assert operations == ([operation] if operation else [])


async def test_the_path_names_the_deployment_in_any_case_before_the_body(load: Load) -> None:
    url = CHAT.replace("deployments", "Deployments")

    passage = await travel(await load({}), chat(b'{"model":"cheap"}', url=url), answer())

    assert event_of(passage)["data"]["deployment"] == "gpt-5-mini"


async def test_token_metric_has_the_owners_dimensions_and_the_answers_counts(load: Load) -> None:
    request = chat(product="ai-standard")

    [metric] = (await travel(await load({}), request, answer())).metrics

    assert metric.namespace == "chargeback"
    assert metric.dimensions == {
        "API ID": "llm",
        "Product ID": "ai-standard",
        "Subscription ID": "team-search",
        "operation": "chat-completions",
    }
    assert metric.tokens == {"Prompt Tokens": 9, "Completion Tokens": 3, "Total Tokens": 12}


async def test_calls_at_once_do_not_mix(load: Load) -> None:
    policies = await load({})
    requests = [chat(subscription=f"team-{number}") for number in range(50)]

    passages = await asyncio.gather(*(travel(policies, request, answer()) for request in requests))

    assert [event_of(passage)["subject"] for passage in passages] == [
        f"subscription:team-{number}" for number in range(50)
    ]
    assert [event_of(passage)["id"] for passage in passages] == [
        str(request.id) for request in requests
    ]


@pytest.mark.parametrize("claim", ["", "bob@contoso.com", "x" * 65, "é", "a b"])
async def test_claim_that_is_no_id_is_absent_and_fails_no_call(claim: str, load: Load) -> None:
    claims = {"aud": "api://gateway", "tid": "contoso", "oid": claim, "azp": claim}
    values = {
        "chargeback-authentication": "entra",
        "chargeback-tenant-id": "contoso",
        "chargeback-audience": "api://gateway",
    }
    headers = (*JSON, ("Authorization", f"Bearer {make_token(claims)}"))

    passage = await travel(await load(values), chat(headers=headers, subscription=None), answer())

    assert passage.faults == ()
    event = event_of(passage)
    assert event["subject"] == "anonymous"
    assert (event["data"]["caller"]["oid"], event["data"]["caller"]["azp"]) == (None, None)


async def test_session_that_may_be_an_address_is_absent(load: Load) -> None:
    request = chat(headers=(*JSON, ("x-session-id", "bob@contoso.com")))

    assert event_of(await travel(await load({}), request, answer()))["data"]["session"] is None


@pytest.mark.parametrize("place", ["stream_options", "messages"])
async def test_deeply_nested_request_fails_neither_its_call_nor_the_next(
    place: str, load: Load
) -> None:
    policies = await load({})
    nested = b"[" * 50_000 + b"]" * 50_000
    deep = b'{"stream":true,"' + place.encode() + b'":{"a":' + nested + b"}}"

    for body in (deep, b'{"stream":true}'):
        assert event_of(await travel(policies, chat(body), STREAM))["data"]["stream"] is True


@pytest.mark.parametrize(
    "vector", [vector for vector in VECTORS if vector["subject"].startswith("subscription:")],
    ids=lambda vector: vector["key"][:40],
)  # fmt: skip
async def test_partition_key_is_that_of_the_shared_vector(
    vector: dict[str, str], load: Load
) -> None:
    request = chat(subscription=vector["subject"].removeprefix("subscription:"))

    [logged] = (await travel(await load({}), request, answer())).events

    assert json.loads(logged.body)["subject"] == vector["subject"]
    assert logged.partition_key == vector["key"]
