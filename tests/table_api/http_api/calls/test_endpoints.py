"""Calls over HTTP: paged by time, explained, with their chain."""

from datetime import timedelta

from msgspec.structs import replace

from pricing_rules.types import CountedAt, Rank
from table_api.storage.memory_tables import MemoryTableStorage
from tests.fixtures.builders import CALL_TIME, SUBJECT, call_id, make_usage
from tests.fixtures.calls import make_call, open_ledger
from tests.table_api.conftest import ApiClient
from tests.table_api.http_api.asking import CALL_COST, UNITS, get


async def test_refused_call_costs_zero_and_says_why(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(status=429, usage=None)])
    [call] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
    assert (call["state"], call["reason"]) == ("zero", "refused with 429")
    assert call["cost"] == {"list": "0", "contracted": "0", "charge": "0"}
    assert (await get(api, "/v1/usage"))["totals"]["errors"] == 1


async def test_calls_are_paged_in_the_order_of_their_time(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    times = [CALL_TIME + timedelta(minutes=n) for n in range(5)]
    await ledger.post([make_call(n, id=call_id(n), time=time) for n, time in enumerate(times)])
    for order, numbers in (("oldest", range(5)), ("newest", range(4, -1, -1))):
        url, seen = f"/v1/subjects/{SUBJECT}/calls?limit=2&order={order}", list[str]()
        while url:
            answer = await api.get(url)
            seen.extend(call["call_id"] for call in answer.json()["data"])
            url = answer.links.get("next", {}).get("url", "")
        assert seen == [call_id(n) for n in numbers]


async def test_call_explains_its_cost_and_shows_its_chain(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    weak = make_usage(input=10)
    await ledger.post([make_call(1, rank=Rank.GATEWAY_LOG, usage=weak, traceparent=traceparent)])
    await ledger.post([make_call(2, traceparent=traceparent)])
    [listed] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
    call = await get(api, f"/v1/calls/{listed['id']}")
    assert call | listed == call
    assert call["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert (call["units"], call["cost"]) == (UNITS, CALL_COST)
    assert call["explanation"]["lines"][0] == {
        "unit": "input",
        "quantity": 1024,
        "unit_price": "0.0000004",
        "unit_price_per_million": "0.4",
        "list": "0.0004096",
        "contracted": "0.0004096",
        "charge": "0.0004096",
    }
    assert call["explanation"]["base_rule_id"].startswith("azure.gpt-4.1-mini.GlobalStandard")
    assert [(row["n"], row["reason"], row["units"]) for row in call["chain"]] == [
        (0, None, {"input": 10}),
        (1, "stronger report", UNITS),
    ]
    assert [row["tokens_from"] for row in call["chain"]] == ["gateway_log", "model"]
    assert (call["tokens_from"], call["tokens_corrected"]) == ("model", True)
    assert call["origin"]["sequence_number"] == 2
    assert call["origin"]["enqueued_time"] == "2026-11-20T09:30:17.446590Z"


async def test_a_call_says_who_counted_its_tokens(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    estimated = replace(make_usage(input=10), excludes=("estimated",))
    made = {
        "model": make_call(1, id=call_id(1)),
        "gateway_log": make_call(2, id=call_id(2), rank=Rank.GATEWAY_LOG),
        "estimated": make_call(3, id=call_id(3), rank=Rank.GATEWAY_LOG, usage=estimated),
        None: make_call(4, id=call_id(4), status=429, usage=None),
    }
    await ledger.post(list(made.values()))
    listed = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
    found = [await get(api, f"/v1/calls/{call['id']}") for call in listed]
    said = {call["call_id"]: (call["tokens_from"], call["tokens_corrected"]) for call in found}
    assert said == {call_id(n): (source, False) for n, source in enumerate(made, start=1)}


async def test_moved_call_costs_its_true_subject_alone(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(1, subject="unattributed")])
    replaced = CountedAt(subject="unattributed", time=CALL_TIME)
    await ledger.post([make_call(2, subject="ada", replaces=replaced)])
    subjects = await get(api, "/v1/subjects")
    assert [(line["subject"], line["calls"]) for line in subjects["data"]] == [("ada", 1)]
    assert subjects["totals"]["cost"] == CALL_COST
    [left] = (await get(api, "/v1/subjects/unattributed/calls"))["data"]
    moved = await get(api, f"/v1/calls/{left['id']}")
    assert (moved["tokens_from"], moved["tokens_corrected"]) == (None, False)
    assert (left["state"], left["cost"], left["units"]) == ("moved", None, {})
    chain = (await get(api, f"/v1/calls/{left['id']}"))["chain"]
    assert [(row["state"], row["reason"]) for row in chain] == [
        ("priced", None),
        ("moved", "moved"),
    ]
    [stands] = (await get(api, "/v1/subjects/ada/calls"))["data"]
    assert (stands["state"], stands["cost"]) == ("priced", CALL_COST)
