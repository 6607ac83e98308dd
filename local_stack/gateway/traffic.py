"""The demonstration's people calling models through the gateway, each with a token of their own."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import uuid4

import aiohttp
import msgspec

from local_stack.gateway.cases import LiveCall, with_cases
from local_stack.gateway.errors import GatewayFault
from local_stack.gateway.identity import local_token
from local_stack.gateway.proxy import API_PATH
from local_stack.gateway.reporting.reports import Counts
from local_stack.model.behaviour import STATUS_HEADER, TOKENS_HEADER
from local_stack.traffic.deployments import DEPLOYMENTS
from local_stack.traffic.workload import SEED, Workload
from pricing_rules.types import Operation

CALLERS = 16
"""Calls at the same time."""
CALL_TIMEOUT_S = 60.0
SETTLED_TIMEOUT_S = 300.0
API_VERSION = "2024-10-21"
SOUND = b"RIFF" + bytes(2_000)
QUESTION = "Which of our cost centres called this model last month, and for how much?"

_IN_A_THOUSAND = 1_000 - sum(
    deployment.weight for deployment in DEPLOYMENTS if deployment.operation is Operation.EMBEDDINGS
)
"""Calls that can be streamed."""
_PATHS = {
    Operation.CHAT_COMPLETIONS: "openai/deployments/{}/chat/completions",
    Operation.EMBEDDINGS: "openai/deployments/{}/embeddings",
    Operation.RESPONSES: "openai/v1/responses",
}
# If the event of a refused call is lost, it leaves no row anywhere, because it costs nothing. Live
# calls have no refusals, so in the end the ledger has every one of them.
_REFUSED = 429


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveTraffic:
    """What to call. Each run makes new calls: the gateway gives them their ids."""

    calls: int
    streamed: float
    """Share of streamed calls, from 0 to 1."""
    calls_per_s: float | None = None
    """Calls per second; None means as fast as the gateway answers."""


def live_calls(traffic: LiveTraffic, now: datetime) -> Iterator[LiveCall]:
    """The people, models and counts of the generated workload, as requests; some of them are the
    cases of `cases`."""
    return with_cases(_plain_calls(traffic, now))


def _plain_calls(traffic: LiveTraffic, now: datetime) -> Iterator[LiveCall]:
    chance = Random(SEED)
    streamed = min(1.0, traffic.streamed * 1_000 / _IN_A_THOUSAND)
    for event in Workload(now=now, calls=traffic.calls).events():
        call = json.loads(event.body)
        data = call["data"]
        operation, deployment = Operation(data["operation"]), data["deployment"]
        body: dict[str, Any] = {"model": deployment}
        if operation is Operation.CHAT_COMPLETIONS:
            body["messages"] = [{"role": "user", "content": QUESTION}]
        else:
            body["input"] = [QUESTION]
        if operation is not Operation.EMBEDDINGS and chance.random() < streamed:
            body["stream"] = True
        orders = _orders(data["usage"])
        if data["status"] not in (200, _REFUSED):
            orders[STATUS_HEADER] = str(data["status"])
        path = _PATHS[operation].format(deployment)
        yield LiveCall(
            subject=call["subject"], operation=operation, path=path, body=body, orders=orders
        )


def _orders(usage: dict[str, Any] | None) -> dict[str, str]:
    if usage is None:
        return {}
    told = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    hidden = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    counts = {
        "prompt": usage.get("prompt_tokens", usage.get("input_tokens", 0)),
        "cached": told.get("cached_tokens", 0),
        "completion": usage.get("completion_tokens", usage.get("output_tokens", 0)),
        "reasoning": hidden.get("reasoning_tokens", 0),
    }
    return {TOKENS_HEADER: ",".join(f"{kind}={count}" for kind, count in counts.items())}


async def call_gateway(url: str, traffic: LiveTraffic) -> Counts:
    """Make all calls; returns the gateway's counts once it has sent all reports, without the
    fetches of background answers among its calls. GatewayFault when a call is not answered as
    ordered, or a report was lost by accident."""
    calls = enumerate(live_calls(traffic, datetime.now(UTC)))
    started = time.monotonic()
    session_id = uuid4().hex
    fetches = 0
    async with aiohttp.ClientSession(
        f"{url}/{API_PATH}/",
        headers={"x-session-id": session_id},
        timeout=aiohttp.ClientTimeout(total=CALL_TIMEOUT_S),
    ) as session:

        async def work() -> None:
            nonlocal fetches
            for number, call in calls:
                if traffic.calls_per_s is not None:
                    due = started + number / traffic.calls_per_s
                    await asyncio.sleep(max(0.0, due - time.monotonic()))
                fetched = await _ask(session, call)
                fetches += fetched  # after the wait: others add meanwhile

        callers = [asyncio.create_task(work()) for _ in range(CALLERS)]
        try:
            await asyncio.gather(*callers)
        finally:
            for caller in callers:
                caller.cancel()
    counts = await _settled(url)
    if counts.lost:
        raise GatewayFault(f"{counts.lost} reports of the gateway reached no event hub")
    return msgspec.structs.replace(counts, calls=counts.calls - fetches)


async def _ask(session: aiohttp.ClientSession, call: LiveCall) -> int:
    """How often the answer was fetched: 0 of any call but one in the background."""
    expected = int(call.orders.get(STATUS_HEADER, "200"))
    headers = {**call.orders, "Authorization": f"Bearer {local_token(call.subject)}"}
    parameters = {} if "/v1/" in call.path else {"api-version": API_VERSION}
    sent: dict[str, Any] = {"data": _form(call)} if call.form else {"json": call.body}
    body = await _answered(
        session.post(call.path, headers=headers, params=parameters, **sent),
        call.path,
        expected=expected,
    )
    if call.polls:
        path = f"{call.path}/{json.loads(body)['id']}"
        for _ in range(call.polls):
            await _answered(session.get(path, headers=headers), path)
    return call.polls


def _form(call: LiveCall) -> aiohttp.FormData:
    form = aiohttp.FormData(call.body)
    form.add_field("file", SOUND, filename="meeting.wav", content_type="audio/wav")
    return form


async def _answered(
    asking: AbstractAsyncContextManager[aiohttp.ClientResponse], path: str, *, expected: int = 200
) -> bytes:
    try:
        async with asking as answer:
            body = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise GatewayFault(f"the gateway did not answer {path}: {error!r}") from error
    if answer.status != expected:
        raise GatewayFault(f"{path} answered {answer.status}, expected {expected}: {body[:500]!r}")
    return body


async def _settled(url: str) -> Counts:
    timeout = aiohttp.ClientTimeout(total=SETTLED_TIMEOUT_S)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(f"{url}/settled") as answer,
    ):
        return msgspec.json.decode(await answer.read(), type=Counts)
