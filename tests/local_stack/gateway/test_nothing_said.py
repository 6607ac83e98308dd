"""Through the whole local gateway: what was said and the caller's key are in neither hub."""

import httpx
import pytest

from tests.local_stack.gateway.stack import DIAGNOSTICS_HUB, USAGE_HUB, GatewayStack

PROMPT, KEY, SESSION = "tell-nobody-prompt", "local-key", "said"

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("streamed", [False, True])
async def test_no_hub_holds_a_prompt_or_a_key(stack: GatewayStack, streamed: bool) -> None:
    session = f"{SESSION}-{streamed}"
    body = {
        "model": "gpt-4.1-mini",
        "stream": streamed,
        "messages": [{"role": "user", "content": PROMPT}],
        "user": PROMPT,
    }
    headers = {"api-key": KEY, "x-session-id": session}
    async with httpx.AsyncClient(base_url=stack.url, timeout=30) as client:
        answer = await client.post("/openai/v1/chat/completions", json=body, headers=headers)
        assert answer.status_code == 200
    [event] = await stack.usage_events(session)
    assert await stack.records(event["id"])
    for hub in (USAGE_HUB, DIAGNOSTICS_HUB):
        kept = b" ".join(event.body for _, event in stack.hub(hub))
        assert kept
        assert [secret for secret in (PROMPT, KEY) if secret.encode() in kept] == []
