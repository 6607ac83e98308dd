"""The demonstration's live calls: who makes them, what they order, and how they end."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local_stack.gateway.cached_policies import CACHE_HEADER
from local_stack.gateway.cases import CASE_EVERY, FULL_DEPLOYMENT, LiveCall
from local_stack.gateway.errors import GatewayFault
from local_stack.gateway.mono import ready_mono
from local_stack.gateway.traffic import LiveTraffic, call_gateway, live_calls
from local_stack.model.call import ROUTER
from local_stack.traffic.people import people
from tests.local_stack.gateway.stack import DIAGNOSTICS_HUB, USAGE_HUB, gateway_stack

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def test_calls_have_the_ordered_share_of_streams_and_everybody_calls() -> None:
    calls = list(live_calls(LiveTraffic(calls=4_000, streamed=0.6), NOW))
    assert len(calls) == 4_000
    streamed = sum(call.body.get("stream", False) for call in calls)
    assert streamed == pytest.approx(2_400, abs=100)
    assert {call.subject for call in calls} == {person.subject for person in people()}
    statuses = Counter(call.orders.get("x-model-status") for call in calls)
    assert set(statuses) == {None, "400", "500"}  # no 429: see traffic.py
    assert not any("stream" in call.body for call in calls if "embeddings" in call.path)


def test_calls_order_the_tokens_of_the_workload() -> None:
    calls = list(live_calls(LiveTraffic(calls=300, streamed=0), NOW))
    ordered = [call.orders["x-model-tokens"] for call in calls if "x-model-tokens" in call.orders]
    counts = [
        {kind: int(count) for kind, count in (part.split("=") for part in order.split(","))}
        for order in ordered
    ]
    assert len(counts) > 280
    assert all(each["cached"] <= each["prompt"] > 0 for each in counts)
    assert any(each["reasoning"] for each in counts)
    assert any(each["cached"] for each in counts)


async def test_every_call_is_counted_and_reported_before_it_ends(mono: None) -> None:
    async with gateway_stack(drop=0.2, seed=5) as stack:
        url = stack.url.removesuffix("/llm")
        traffic = LiveTraffic(calls=120, streamed=0.6, calls_per_s=200)
        counts = await call_gateway(url, traffic)
        polls = [call.polls for call in live_calls(traffic, datetime.now(UTC)) if call.polls]
        assert polls
        assert (counts.calls, counts.open, counts.pending) == (120, 0, 0)
        assert counts.events == 120 + len(polls)  # and what the last fetch of each brought
        assert 5 < counts.dropped < 50
        assert len(stack.hub(USAGE_HUB)) == counts.events - counts.dropped
        keys = {(event.partition_key, where) for where, event in stack.hub(USAGE_HUB)}
        assert len(keys) == len({key for key, _ in keys})  # each subject in one partition
        records = [
            record
            for _, event in stack.hub(DIAGNOSTICS_HUB)
            for record in json.loads(event.body)["records"]
        ]
        outcomes = [record for record in records if record["category"] == "GatewayLogs"]
        assert len({record["correlationId"] for record in outcomes}) == 120 + sum(polls)
        posted = [each["properties"] for each in outcomes if each["properties"]["method"] == "POST"]
        assert len(posted) == 120
        assert all(properties["traceRecords"] for properties in posted)


def test_one_call_in_25_is_a_case_and_every_case_comes() -> None:
    traffic = LiveTraffic(calls=4_000, streamed=0.6)
    cases = [call for call in live_calls(traffic, NOW) if is_case(call)]
    assert len(cases) == pytest.approx(4_000 / CASE_EVERY, rel=0.3)
    assert sum(FULL_DEPLOYMENT in call.path for call in cases) > 5
    assert sum(call.deployment == ROUTER for call in cases) > 5
    assert sum(CACHE_HEADER in call.orders for call in cases) > 5
    assert sum("tools" in call.body for call in cases) > 5
    assert sum(call.polls > 0 for call in cases) > 5
    assert sum(call.path.endswith("/compact") for call in cases) > 5
    assert sum(call.form for call in cases) > 5


def is_case(call: LiveCall) -> bool:
    ordered = set(call.orders) - {"x-model-tokens", "x-model-status"}
    return bool(ordered or call.form or call.deployment == ROUTER or "/compact" in call.path)


async def test_an_unexpected_answer_ends_the_run_by_its_path_and_status(mono: None) -> None:
    changes = {"named_values": (("chargeback-tenant-id", "another"),)}
    async with gateway_stack(**changes) as stack:
        url = stack.url.removesuffix("/llm")
        with pytest.raises(GatewayFault, match="answered 401, expected 200"):
            await call_gateway(url, LiveTraffic(calls=3, streamed=0))
        await stack.reported()


async def test_without_mono_one_line_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    said: list[str] = []
    assert await ready_mono(said.append) is False
    [line] = said
    assert "sudo apt-get install -y --no-install-recommends mono-mcs" in line


async def test_root_installs_mono_with_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    apt = tmp_path / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n')
    apt.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("os.geteuid", lambda: 0)
    said: list[str] = []
    assert await ready_mono(said.append) is False  # this apt-get installs nothing
    asked = await asyncio.to_thread((tmp_path / "asked").read_text)
    assert [line.split()[0] for line in asked.splitlines()] == ["update", "install"]
    assert len(said) == 2
