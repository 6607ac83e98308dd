"""Neither what was said nor a key leaves the policies: no event, trace or metric has it."""

import json
from typing import Any

import pytest

from apim_policies.harness.call import Passage, Request, Response
from apim_policies.probe import travel
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
    "tools": [{"function": {"name": PROMPT}}],
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
    request = Request(method="POST", url=url, headers=HEADERS, body=body, subscription="s")
    said = told(await travel(await load({}), request, answer))
    assert [secret for secret in SECRETS if secret in said] == []


async def test_a_body_that_is_no_json_is_not_repeated_either(load: Load) -> None:
    body = f"{{{PROMPT}".encode()
    request = Request(method="POST", url=CHAT, headers=HEADERS, body=body, subscription="s")
    said = told(await travel(await load({}), request, STREAM))
    assert [secret for secret in SECRETS if secret in said] == []
