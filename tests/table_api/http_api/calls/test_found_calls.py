"""Calls across people: the newest first, by any filter, and found by whatever names them."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from pricing_rules.types import CountedAt
from table_api.http_api.conventions.cursor import encode_cursor, from_base64url
from table_api.http_api.visible import found_calls
from table_api.ledger.posting import MeteredCall
from table_api.open_calls.purging.purged_hours import PurgedHours
from table_api.open_calls.table import OpenCalls
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.usage import recent_calls
from tests.consumers.pairing.gateway import Call, envelope
from tests.consumers.pairing.world import WAITS, World
from tests.fixtures.builders import CALL_TIME, call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.office import ANN, BEN, CAT, MARK, Office, issuer_of_office, open_office
from tests.fixtures.open_calls import report
from tests.table_api.conftest import ApiClient
from tests.table_api.http_api.asking import get

TRACE = "0af7651916cd43dd8448eb211c80319c"
ALL = {"from": "2026-10-01", "to": "2027-01-01"}


async def post(storage: MemoryTableStorage, *changes: dict[str, Any]) -> list[MeteredCall]:
    """Calls a minute apart, which metering and pairing know."""
    calls = [
        make_call(n, **{"id": call_id(n), "time": CALL_TIME + timedelta(minutes=n), **each})
        for n, each in enumerate(changes)
    ]
    await (await open_ledger(storage)).post(calls)
    await report(storage, calls)
    return calls


async def ids(api: ApiClient, **parameters: str) -> list[int]:
    """Numbers of the calls of every page, in their order."""
    found: list[int] = []
    while True:
        answer = await get(api, "/v1/calls", **parameters)
        assert len(answer["data"]) <= answer["page"]["limit"]
        found += [int(call["call_id"].replace("-", ""), 16) for call in answer["data"]]
        if (cursor := answer["page"]["next_cursor"]) is None:
            return found
        parameters["cursor"] = cursor


async def places(api: ApiClient, **parameters: str) -> list[tuple[str, str]]:
    """Subject and state of the calls of every page, in their order."""
    found: list[tuple[str, str]] = []
    while True:
        answer = await get(api, "/v1/calls", **parameters)
        found += [(call["subject"], call["state"]) for call in answer["data"]]
        if (cursor := answer["page"]["next_cursor"]) is None:
            return found
        parameters["cursor"] = cursor


async def test_newest_calls_of_everybody_come_first_page_by_page(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    hours = [timedelta(hours=-3 * n, seconds=n) for n in range(30)]
    changes = [{"subject": f"s{n % 4}", "time": CALL_TIME + at} for n, at in enumerate(hours)]
    await post(memory, *changes)
    for limit in ("1", "7", "200"):
        assert await ids(api, limit=limit) == list(range(30))
    assert await ids(api, limit="3", period="today") == []
    assert await ids(api, limit="3", **{"from": "2026-11-20", "to": "2026-11-21"}) == [0, 1, 2, 3]
    [first] = (await get(api, "/v1/calls", limit="1"))["data"]
    assert (first["subject"], first["name"], first["state"]) == ("s0", None, "priced")
    assert (await get(api, f"/v1/calls/{first['id']}"))["call_id"] == call_id(0)


async def test_filters_narrow_across_people_and_by_subject(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(
        memory,
        {"subject": "a"},
        {"subject": "b", "status": 429, "usage": None},
        {"subject": "b", "deployment": "new", "model": "brand-new"},
        {"subject": "a", "usage": None},
        {"subject": "b", "status": 500, "usage": None},
    )
    for question, numbers in (
        ({"status": "429"}, [1]),
        ({"status": "5xx"}, [4]),
        ({"status": "200", "subject": "a"}, [3, 0]),
        ({"state": "unpriced"}, [2]),
        ({"state": "no_usage"}, [4, 3]),
        ({"state": "no_usage", "subject": "b"}, [4]),
        ({"state": "priced"}, [0]),
        ({"model": "brand-new"}, [2]),
        ({"model": "brand-new", "subject": "a"}, []),
        ({"subject": "b"}, [4, 2, 1]),
    ):
        assert await ids(api, **question) == numbers
        assert await ids(api, limit="1", **question) == numbers
    for name, wrong in (("model", "brand-knew"), ("subject", "c"), ("status", "6xx"), ("q", "")):
        answer = await api.get("/v1/calls", params={name: wrong})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, name)


async def test_call_is_found_by_whatever_names_it(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(
        memory,
        {"subject": "a", "session": 'say "hi"\\ü'},
        {"subject": "b", "response_id": "chatcmpl-1"},
        {"subject": "c", "traceparent": f"00-{TRACE}-b7ad6b7169203331-01"},
        {"subject": "d", "session": "chatcmpl-1"},
        {"subject": "e", "session": TRACE[:-1]},
    )
    for name, numbers in (
        ('say "hi"\\ü', [0]),
        ("chatcmpl-1", [3, 1]),
        (TRACE, [2]),
        (call_id(4), [4]),
        ("chatcmpl", []),
        ("gpt-4.1-mini", []),
    ):
        assert await ids(api, q=name) == numbers
        assert await ids(api, q=name, limit="1") == numbers
    assert await ids(api, q=call_id(4), subject="e") == [4]
    assert await ids(api, q=call_id(4), subject="a") == []
    assert await ids(api, q=call_id(4), period="today") == []


async def test_page_that_reads_its_limit_says_where_to_go_on(
    api: ApiClient, memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent_calls, "CHAINS_READ_MAX", 2)
    monkeypatch.setattr(recent_calls, "CHAINS_AT_ONCE", 2)
    monkeypatch.setattr(recent_calls, "ROWS_READ_MAX", 3)
    await post(memory, *({"subject": f"s{n}"} for n in range(9)), {"subject": "x", "stream": True})
    assert await ids(api, limit="4") == list(range(9, -1, -1))
    assert await ids(api, q=call_id(8), status="200") == [8]
    first = await get(api, "/v1/calls", status="404")
    assert (first["data"], first["page"]["next_cursor"] is None) == ([], False)
    assert await ids(api, status="404") == []


async def test_completed_and_recovered_calls_are_listed_and_a_moved_one_where_it_counts(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    world = await World.over(memory)
    streamed = Call(number=1)
    recovered = Call(number=2, has_event=False, subject="late", time=CALL_TIME + timedelta(hours=1))
    when = recovered.time + timedelta(minutes=5)
    await world.pair(world.usage, streamed.event(), when)
    records = [
        record
        for call in (streamed, recovered)
        for record in (call.gateway_record(), call.llm_record())
    ]
    await world.pair(world.diagnostics, envelope(*records), when)
    await world.sweep(recovered.time + WAITS.timeout * 2)
    await world.meter(world.outbox.sent, when)
    assert await ids(api) == [2, 1]
    assert await ids(api, subject="late") == [2]


async def test_day_that_open_calls_no_longer_know_is_read_from_the_ledger(
    api: ApiClient, memory: MemoryTableStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = CALL_TIME - timedelta(days=10)
    await post(
        memory,
        {"subject": "a", "time": old, "session": "s"},
        {"subject": "b", "time": old + timedelta(hours=1), "status": 429, "usage": None},
        {"subject": "b", "time": old + timedelta(hours=2)},
        {"subject": "a"},
    )
    before = CALL_TIME - timedelta(days=1)
    await OpenCalls(memory).purge(before, PurgedHours(MemoryBlobStore()))
    answer = await get(api, "/v1/calls")
    assert answer["facts_from"] == f"{CALL_TIME:%Y-%m-%dT%H}:00:00Z"
    assert await ids(api) == [3]
    day = {"from": "2026-11-10", "to": "2026-11-11"}
    assert await ids(api, limit="1", **day) == [2, 1, 0]
    assert await ids(api, q="s", **day) == [0]
    assert await ids(api, status="429", **day) == [1]
    assert await ids(api, subject="b") == [2, 1]
    monkeypatch.setattr(found_calls, "CALLS_OF_DAY_MAX", 2)
    refused = await api.get("/v1/calls", params=day)
    assert (refused.status_code, refused.json()["type"]) == (400, "urn:problem:too-much")


async def test_old_day_lists_a_moved_call_once_and_a_page_may_end_between_two_places_of_one(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(1, subject="ada"), make_call(2, id=call_id(2), subject="ada")])
    away = CountedAt(subject="ada", time=CALL_TIME)
    await ledger.post([make_call(1, subject="bob", replaces=away)])
    day = {"from": "2026-11-20", "to": "2026-11-21"}
    for limit in ("1", "200"):
        assert await places(api, limit=limit, q=call_id(1), **day) == [("bob", "priced")]
        assert await places(api, limit=limit, state="moved", **day) == []
    ada = [("ada", "moved"), ("ada", "priced")]
    assert sorted(await places(api, subject="ada", **day)) == ada
    await ledger.post([make_call(2, id=call_id(2), subject="x" * 2_000)])  # not taken out yet
    for limit in ("1", "200"):
        assert len(await places(api, limit=limit, q=call_id(2), **day)) == 2


async def test_without_pairing_nobodys_calls_are_found_but_a_subjects_are(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await (await open_ledger(memory)).post([make_call(1, subject="a")])
    answer = await get(api, "/v1/calls")
    assert (answer["data"], answer["facts_from"]) == ([], None)
    assert len((await get(api, "/v1/calls", subject="a"))["data"]) == 1
    assert len((await get(api, "/v1/calls", **{"from": "2026-11-20", "to": "2026-11-21"}))["data"])


async def test_cursor_belongs_to_its_filters_and_forged_ones_are_refused(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, {"subject": "a"}, {"subject": "b"})
    cursor = (await get(api, "/v1/calls", limit="1"))["page"]["next_cursor"]
    other = await api.get("/v1/calls", params={"cursor": cursor, "status": "200"})
    assert "other filters" in other.json()["detail"]
    digest = json.loads(from_base64url(cursor) or b"")[1]
    for text in ("x", "0001-01-01T00:00:00.000000+0000", "9999-12-31T23:59:59.999999+0000"):
        forged = encode_cursor(digest, (text, "x"))
        assert (await api.get("/v1/calls", params={"cursor": forged})).status_code == 400


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with issuer_of_office() as (issuer, access):
        yield await open_office(issuer, access)


async def test_each_caller_finds_their_own_calls_alone(office: Office) -> None:
    async with office.client("reader") as api:
        everybody = (await api.get("/v1/calls", params=ALL | {"limit": "200"})).json()["data"]
    hidden = next(call for call in everybody if call["subject"] == CAT)
    assert len(everybody) == 40
    seen: dict[str, set[tuple[str, str]]] = {}
    for caller in ("employee", "owner", "service"):
        async with office.client(caller) as api:
            answer = await api.get("/v1/calls", params=ALL | {"limit": "200"})
            calls = answer.json()["data"]
            seen[caller] = {(call["subject"], call["day"]) for call in calls}
            for name in (hidden["call_id"], hidden["session"]):
                found = await api.get("/v1/calls", params=ALL | {"q": name})
                assert (found.status_code, found.json()["data"]) == (200, [])
            of_cat = await api.get("/v1/calls", params=ALL | {"subject": CAT})
            assert "nobody whom you see has this subject" in of_cat.json()["detail"]
            assert f"{MARK}name-cat" not in of_cat.text
    assert {subject for subject, _ in seen["employee"]} == {BEN}
    assert {day for subject, day in seen["owner"] if subject == BEN} == {
        "2026-10-05",
        "2026-11-05",
    }
    assert (ANN, "2026-12-05") in seen["owner"]
    assert seen["service"] == set()
