"""Neither what was said nor a key leaves the policies: no event, trace or metric has it."""

import json
from typing import Any

import pytest

from apim_policies.harness.call import Passage, Request, Response
from apim_policies.probe import length_of, travel
from tests.apim_policies.conftest import Load
from tests.apim_policies.test_policies import CHAT, JSON, STREAM, USAGE
from tests.apim_policies.tokens import make_token

PROMPT, ANSWER, KEY = "tell-nobody-prompt", "tell-nobody-answer", "tell-nobody-key"
TOKEN = make_token({"oid": "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c", "email": f"{KEY}@contoso.com"})
SECRETS = (PROMPT, ANSWER, KEY, TOKEN, TOKEN.split(".")[1])
HEADERS = (
    *JSON,
    ("Authorization", f"Bearer {TOKEN}"),
    ("api-key", KEY),
    ("Ocp-Apim-Subscription-Key", KEY),
    ("Cookie", f"session={KEY}"),
    ("X-Forwarded-For", "203.0.113.9"),
)
MESSAGES = "https://gateway/llm/anthropic/v1/messages"
BODY = {
    "model": "m",
    "messages": [{"role": "system", "content": PROMPT}, {"role": "user", "content": PROMPT}],
    "tools": [{"type": "function", "function": {"name": PROMPT}}, {"type": f"{PROMPT} x"}],
    "service_tier": f"{PROMPT} x",
    "user": PROMPT,
    "metadata": {"user_id": PROMPT},
    "prompt": PROMPT,
    "input": PROMPT,
}
SAID = {"id": "r", "model": "m", "choices": [{"message": {"content": ANSWER}}], "usage": USAGE}

pytestmark = pytest.mark.asyncio(loop_scope="module")


def told(passage: Passage) -> str:
    """All that the gateway sends to anybody but caller and model."""
    events = [logged.body.decode() for logged in passage.events]
    assert events
    return " ".join([*events, *map(repr, passage.traces), *map(repr, passage.metrics)])


@pytest.mark.parametrize("url", [f"{CHAT}?api-key={KEY}", f"{MESSAGES}?key={KEY}"])
@pytest.mark.parametrize("changes", [{}, {"stream": True}])
@pytest.mark.parametrize(
    "answer",
    [
        Response(status=200, headers=JSON, body=json.dumps(SAID).encode()),
        Response(
            status=400, headers=JSON, body=json.dumps({"error": {"message": PROMPT}}).encode()
        ),
        Response(status=500, headers=JSON, body=f"no JSON: {ANSWER}".encode()),
        STREAM,
    ],
    ids=["answered", "refused", "broken", "streamed"],
)
async def test_no_report_of_a_call_holds_a_prompt_an_answer_or_a_key(
    load: Load, url: str, changes: dict[str, Any], answer: Response
) -> None:
    body = json.dumps(BODY | changes).encode()
    headers = (*HEADERS, length_of(body))
    request = Request(method="POST", url=url, headers=headers, body=body, subscription="s")
    said = told(await travel(await load({}), request, answer))
    assert [secret for secret in SECRETS if secret in said] == []


async def test_a_form_leaves_its_model_and_nothing_else(load: Load) -> None:
    fields = {"prompt": PROMPT, "model": "gpt-image-1", "user": f"{KEY}@contoso.com"}
    parts = "".join(
        f'--b0\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    body = f"{parts}--b0--".encode()
    headers = (("Content-Type", "multipart/form-data; boundary=b0"), length_of(body))
    request = Request(
        method="POST",
        url="https://gateway/llm/openai/v1/images/edits",
        headers=headers,
        body=body,
        subscription="s",
    )
    said = told(await travel(await load({}), request, STREAM))
    assert "gpt-image-1" in said
    assert [secret for secret in SECRETS if secret in said] == []


async def test_tier_and_tools_that_may_be_addresses_are_left_out(load: Load) -> None:
    address = "bob@contoso.com"
    body = json.dumps({"service_tier": address, "tools": [{"type": address}]}).encode()
    request = Request(
        method="POST", url=CHAT, headers=(*JSON, length_of(body)), body=body, subscription="s"
    )
    assert address not in told(await travel(await load({}), request, STREAM))


async def test_a_body_that_is_no_json_is_not_repeated_either(load: Load) -> None:
    body = f"{{{PROMPT}".encode()
    headers = (*HEADERS, length_of(body))
    request = Request(method="POST", url=CHAT, headers=headers, body=body, subscription="s")
    said = told(await travel(await load({}), request, STREAM))
    assert [secret for secret in SECRETS if secret in said] == []
