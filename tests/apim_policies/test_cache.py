"""Answers of the gateway's cache: an event without usage, whichever order the policies stand in."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from apim_policies.check import read_named_values
from apim_policies.harness.call import Passage, Request
from apim_policies.harness.policies import Policies
from apim_policies.probe import travel
from local_stack.gateway.cached_policies import CACHE_HEADER, CachePlace, with_cache
from tests.apim_policies.conftest import FOLDER, GATEWAY
from tests.apim_policies.test_policies import JSON, STREAM, USAGE, answer, chat, event_of

WITH_CACHE = (*JSON, (CACHE_HEADER, "use"))
VALUES = {**read_named_values(FOLDER), "chargeback-gateway-cache": "on"}


def ask(**changes: Any) -> Request:
    return chat(b'{"messages":["Hi"]}', headers=WITH_CACHE, **changes)


async def two_calls(place: CachePlace, folder: Path, **changes: Any) -> tuple[Passage, Passage]:
    """The same question twice, through policies with a cache."""
    cached = with_cache(FOLDER, folder / "cached", place)
    async with await Policies.load(cached, VALUES, gateway=GATEWAY) as policies:
        first = await travel(policies, ask(**changes), answer())
        return first, await policies.inbound(ask(**changes))


@pytest.mark.parametrize("place", CachePlace)
async def test_first_call_is_metered_and_the_second_gets_the_same_answer(
    place: CachePlace, tmp_path: Path, mono: None
) -> None:
    first, second = await two_calls(place, tmp_path)

    data = event_of(first)["data"]
    assert (data["cache"], data["usage"], first.cache) == (None, USAGE, "miss")
    assert first.answer is not None
    assert second.answer is not None
    assert (second.answer.status, second.answer.body) == (200, first.answer.body)
    assert (second.forward, second.faults, second.cache) == (None, (), "hit")


async def test_hit_behind_a_store_that_stands_first_is_an_event_without_usage(
    tmp_path: Path, mono: None
) -> None:
    _, hit = await two_calls(CachePlace.BEFORE, tmp_path)

    event = event_of(hit)
    assert event["subject"] == "subscription:team-search"
    data = event["data"]
    said = {name: value for name, value in data.items() if value is not None}
    assert said.pop("duration_ms") >= 0
    assert said == {
        "stream": False,
        "status": 200,
        "caller": {**dict.fromkeys(data["caller"]), "subscription": "team-search"},
        "api": "llm",
        "operation": "chat-completions",
        "deployment": "gpt-5-mini",
        "cache": "hit",
    }


async def test_hit_behind_a_store_that_stands_last_leaves_no_event(
    tmp_path: Path, mono: None
) -> None:
    _, hit = await two_calls(CachePlace.AFTER, tmp_path)

    assert (hit.events, hit.traces) == ((), ())  # the log alone knows it


@pytest.mark.parametrize("place", CachePlace)
async def test_stream_is_never_stored(place: CachePlace, tmp_path: Path, mono: None) -> None:
    cached = with_cache(FOLDER, tmp_path / "cached", place)
    async with await Policies.load(cached, VALUES, gateway=GATEWAY) as policies:
        for _ in range(2):
            passage = await travel(policies, ask(), STREAM)
            assert event_of(passage)["data"]["cache"] is None


async def test_without_the_named_value_the_usage_is_repeated_and_the_log_corrects_it(
    tmp_path: Path, mono: None
) -> None:
    cached = with_cache(FOLDER, tmp_path / "cached", CachePlace.BEFORE)
    values = read_named_values(FOLDER)
    async with await Policies.load(cached, values, gateway=GATEWAY) as policies:
        await travel(policies, ask(), answer())
        hit = await policies.inbound(ask())

    data = event_of(hit)["data"]
    assert (hit.cache, data["cache"], data["usage"]) == ("hit", None, USAGE)


async def test_backend_section_that_forgets_the_mark_is_not_free_of_charge(
    tmp_path: Path, mono: None
) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "policies"))
    forward = folder / "chargeback-forward.fragment.xml"
    text = forward.read_text("utf-8").replace("chargeback-forwarded", "something-else")
    forward.write_text(text, encoding="utf-8")

    async with await Policies.load(folder, read_named_values(FOLDER), gateway=GATEWAY) as policies:
        passage = await travel(policies, chat(), answer())

    data = event_of(passage)["data"]
    assert (data["cache"], data["usage"]) == (None, USAGE)


async def test_answer_is_not_given_to_another_subscription(tmp_path: Path, mono: None) -> None:
    cached = with_cache(FOLDER, tmp_path / "cached", CachePlace.BEFORE)
    async with await Policies.load(cached, VALUES, gateway=GATEWAY) as policies:
        await travel(policies, ask(), answer())
        assert (await policies.inbound(ask(subscription="other"))).cache == "miss"


async def test_lookup_before_the_call_was_captured_fails_no_call(
    tmp_path: Path, mono: None
) -> None:
    cached = with_cache(FOLDER, tmp_path / "cached", CachePlace.BEFORE)
    policy = cached / "llm_api.policy.xml"
    head, lookup, tail = policy.read_text("utf-8").partition("<choose><when condition")
    lookup, end, tail = (lookup + tail).partition("</when></choose>\n")
    text = (head + tail).replace("<inbound>\n", f"<inbound>\n{lookup}{end}", 1)
    policy.write_text(text, encoding="utf-8")

    async with await Policies.load(cached, VALUES, gateway=GATEWAY) as policies:
        await travel(policies, ask(), answer())
        hit = await policies.inbound(ask())

    assert hit.faults == ()
    event = event_of(hit)
    assert (event["subject"], event["data"]["cache"]) == ("subscription:team-search", "hit")
