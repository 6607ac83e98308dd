"""The API answers with what was posted, exactly, and says so in problems when it cannot."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from pricing_rules.types import CountedAt, Rank
from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex, LetterState
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.errors import Unavailable
from table_api.http_api.app import create_app
from table_api.http_api.status import endpoints
from table_api.ledger.meta import LedgerSettings
from table_api.monthly.projected_ledger import ProjectedLedger
from table_api.people.people import People, Person
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME, SUBJECT, call_id, make_usage
from tests.fixtures.calls import NOW, make_call, open_ledger
from tests.table_api.conftest import ApiClient, api_over

CALL_COST = {"list": "0.0011952", "contracted": "0.0011952", "charge": "0.0011952"}
UNITS = {"input": 1024, "cache_read": 1024, "output": 427}


async def get(api: ApiClient, path: str, **parameters: str) -> Any:
    """The body of a 200."""
    answer = await api.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def problem(api: ApiClient, path: str, status: int) -> Any:
    """The body of a problem."""
    answer = await api.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status
    return body


async def post(storage: MemoryTableStorage, *subjects: str) -> None:
    """One call for each name given."""
    ledger = await open_ledger(storage)
    await ledger.post(
        [make_call(n, id=call_id(n), subject=subject) for n, subject in enumerate(subjects)]
    )


async def test_health_names_zone_currency_and_who_may_ask(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    assert await get(api, "/healthz") == {
        "status": "ok",
        "zone": "Europe/Berlin",
        "currency": "USD",
        "auth_mode": "local",
    }


async def test_usage_of_the_running_month_is_exact_and_by_day(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "a", "b")
    totals = {
        "calls": 3,
        "errors": 0,
        "unpriced_calls": 0,
        "no_usage_calls": 0,
        "units": {"input": 3072, "cache_read": 3072, "output": 1281},
        "cost": {"list": "0.0035856", "contracted": "0.0035856", "charge": "0.0035856"},
    }
    assert await get(api, "/v1/usage") == {
        "from": "2026-11-01",
        "to": "2026-12-01",
        "zone": "Europe/Berlin",
        "currency": "USD",
        "newest_call": None,
        "data": [{"day": "2026-11-20", **totals}],
        "totals": totals,
    }


async def test_usage_is_grouped_and_filtered_by_cost_centre_of_the_charge_day(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b", "b")
    joined = Person(subject="a", display_name="Ada", cost_centre="R&D", valid_from=CALL_TIME.date())
    late = Person(subject="b", display_name="Bob", cost_centre="IT", valid_from=date(2026, 11, 21))
    await People(memory, now=lambda: NOW).save([joined, late])
    usage = await get(api, "/v1/usage", group_by="cost_centre,model")
    assert [(line["cost_centre"], line["model"], line["calls"]) for line in usage["data"]] == [
        ("R&D", "gpt-4.1-mini", 1),
        (None, "gpt-4.1-mini", 2),
    ]
    assert (await get(api, "/v1/usage", cost_centre="R&D"))["totals"]["calls"] == 1
    assert (await get(api, "/v1/usage", cost_centre=""))["totals"]["calls"] == 2
    assert (await get(api, "/v1/usage", cost_centre="IT"))["totals"]["calls"] == 0
    assert (await get(api, "/v1/usage", subject="b"))["totals"]["calls"] == 2
    assert (await get(api, "/v1/usage", model="gpt-4o"))["data"] == []


async def test_cost_of_calls_without_a_price_is_null_and_never_zero(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(1, deployment="lab-model-x", model="lab")])
    await ledger.post([make_call(2, id=call_id(2), usage=None)])
    usage = await get(api, "/v1/usage", group_by="model")
    assert [(line["model"], line["cost"]) for line in usage["data"]] == [
        ("gpt-4.1-mini", None),
        ("lab", None),
    ]
    assert usage["totals"]["cost"] is None
    assert usage["totals"]["unpriced_calls"] == 1
    assert usage["totals"]["no_usage_calls"] == 1
    [unpriced, no_usage] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
    assert (unpriced["state"], unpriced["cost"]) == ("unpriced", None)
    assert "lab-model-x" in unpriced["reason"]
    assert (no_usage["state"], no_usage["cost"], no_usage["units"]) == ("no_usage", None, {})
    detail = await get(api, f"/v1/calls/{unpriced['id']}")
    assert detail["explanation"]["lines"] == []


async def test_refused_call_costs_zero_and_says_why(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    await ledger.post([make_call(status=429, usage=None)])
    [call] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
    assert (call["state"], call["reason"]) == ("zero", "refused with 429")
    assert call["cost"] == {"list": "0", "contracted": "0", "charge": "0"}
    assert (await get(api, "/v1/usage"))["totals"]["errors"] == 1


async def test_subjects_are_paged_dearest_first_and_the_link_leads_on(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a", "b", "b", "b", "c/ü", "c/ü")
    answer = await api.get("/v1/subjects", params={"limit": "2"})
    first = answer.json()
    assert [line["subject"] for line in first["data"]] == ["b", "c/ü"]
    assert first["totals"]["calls"] == 6
    assert first["data"][0]["last_day"] == "2026-11-20"
    assert answer.links["next"]["url"].count("cursor=") == 1
    second = (await api.get(answer.links["next"]["url"])).json()
    assert [line["subject"] for line in second["data"]] == ["a"]
    assert second["page"] == {"next_cursor": None, "limit": 2}
    assert "next" not in (await api.get(answer.links["next"]["url"])).links


async def test_search_narrows_the_list_and_its_totals(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "ada", "bob", "bob")
    found = await get(api, "/v1/subjects", q="BO", sort="subject", order="asc")
    assert [line["subject"] for line in found["data"]] == ["bob"]
    assert found["totals"]["calls"] == 2


async def test_subject_of_any_spelling_has_its_usage_and_calls(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    subject = "contoso\\a/b ü'#?%2F|*"
    await post(memory, subject)
    quoted = "contoso%5Ca%2Fb%20%C3%BC%27%23%3F%252F%7C%2A"
    usage = await get(api, f"/v1/subjects/{quoted}/usage", group_by="day,model")
    assert (usage["subject"], usage["totals"]["cost"]) == (subject, CALL_COST)
    await (await open_ledger(memory)).post([make_call(1, id=call_id(1), subject=subject)])
    first = await api.get(f"/v1/subjects/{quoted}/calls?limit=1")
    next_page = (await api.get(first.links["next"]["url"])).json()
    assert [call["call_id"] for call in next_page["data"]] == [call_id(1)]
    calls = first.json()
    assert [call["call_id"] for call in calls["data"]] == [call_id(0)]
    assert (await get(api, f"/v1/calls/{calls['data'][0]['id']}"))["subject"] == subject


async def test_calls_are_paged_in_the_order_of_their_time(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    ledger = await open_ledger(memory)
    times = [CALL_TIME + timedelta(minutes=n) for n in range(5)]
    await ledger.post([make_call(n, id=call_id(n), time=time) for n, time in enumerate(times)])
    url, seen = f"/v1/subjects/{SUBJECT}/calls?limit=2", list[str]()
    while url:
        answer = await api.get(url)
        seen.extend(call["call_id"] for call in answer.json()["data"])
        url = answer.links.get("next", {}).get("url", "")
    assert seen == [call_id(n) for n in range(5)]


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
    assert call["origin"]["sequence_number"] == 2
    assert call["origin"]["enqueued_time"] == "2026-11-20T09:30:17.446590Z"


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
    assert (left["state"], left["cost"], left["units"]) == ("moved", None, {})
    chain = (await get(api, f"/v1/calls/{left['id']}"))["chain"]
    assert [(row["state"], row["reason"]) for row in chain] == [
        ("priced", None),
        ("moved", "moved"),
    ]
    [stands] = (await get(api, "/v1/subjects/ada/calls"))["data"]
    assert (stands["state"], stands["cost"]) == ("priced", CALL_COST)


async def test_unknown_subject_is_a_problem_and_a_known_one_without_usage_is_not(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a")
    body = await problem(api, "/v1/subjects/nobody/usage", 404)
    assert body["type"] == "urn:problem:unknown-subject"
    assert body["instance"] == "/v1/subjects/nobody/usage"
    await problem(api, "/v1/subjects/nobody/calls", 404)
    october = {"from": "2026-10-01", "to": "2026-11-01"}
    usage = await get(api, "/v1/subjects/a/usage", **october)
    assert (usage["data"], usage["totals"]["calls"]) == ([], 0)
    assert (await get(api, "/v1/subjects/a/calls", **october))["data"] == []
    newcomer = Person(subject="n", display_name="N", cost_centre=None, valid_from=NOW.date())
    await People(memory, now=lambda: NOW).save([newcomer])
    async with api_over(memory) as later:
        assert (await get(later, "/v1/subjects/n/usage"))["name"] == "N"


async def test_same_answer_is_not_sent_twice(api: ApiClient, memory: MemoryTableStorage) -> None:
    await post(memory, "a")
    first = await api.get("/v1/usage")
    assert first.headers["cache-control"].startswith("private")
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = await api.get("/v1/usage", headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    other_question = await api.get("/v1/usage?group_by=model", headers={"If-None-Match": tag})
    assert other_question.status_code == 200
    await (await open_ledger(memory)).post([make_call(9, id=call_id(9))])
    assert (await api.get("/v1/usage", headers={"If-None-Match": tag})).status_code == 200


async def test_metering_shows_progress_dead_letters_and_the_audit(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a")
    assert await get(api, "/v1/metering") == {
        "partitions": [],
        "totals": dict.fromkeys((count.value for count in Count), 0),
        "dead_letters_open": 0,
        "dead_letters_complete": True,
        "audit": None,
    }
    for partition in "01":
        progress = Progress(
            hub="llm-usage",
            group="metering",
            partition=partition,
            hub_created_at=CALL_TIME,
            sequence_number=41,
            enqueued_time=ENQUEUED_TIME + timedelta(seconds=int(partition)),
            recorded_at=NOW,
            counts={Count.RECEIVED: 40, Count.POSTED: 39, Count.DEAD_LETTERED: 1},
        )
        await memory.create_table("progress")
        await ProgressTable(memory).write(progress, None)
    await save_letter(memory)
    await save_audit(memory, await audit(memory, now=NOW))
    status = await get(api, "/v1/metering")
    assert [row["partition"] for row in status["partitions"]] == ["0", "1"]
    assert status["partitions"][0]["sequence_number"] == 41
    assert (status["totals"]["received"], status["totals"]["dead_lettered"]) == (80, 2)
    assert status["dead_letters_open"] == 1
    assert (status["audit"]["ok"], status["audit"]["calls"]) == (True, 1)
    assert (await get(api, "/v1/usage"))["newest_call"] == "2026-11-20T09:30:18.446590Z"


async def save_letter(storage: MemoryTableStorage) -> None:
    """One dead letter that is open and one that was redriven."""
    index = DeadLetterIndex(storage, "llm-usage")
    await index.create()
    letter = DeadLetter(
        hub="llm-usage",
        partition="0",
        sequence_number=7,
        content_hash="0" * 12,
        enqueued_time=ENQUEUED_TIME,
        recorded_at=NOW,
        reason="json",
        field="",
        value="{",
        message="the body is cut",
        event_id=None,
        body_bytes=1,
    )
    redriven = replace(letter, sequence_number=8, state=LetterState.REDRIVEN)
    await index.add([letter, redriven])


def no_answer() -> list[list[Row]]:
    """As the edge of a storage that is down."""
    raise Unavailable("GET /secret-account: connection refused")


class DownStorage(MemoryTableStorage):
    """Gives no answer."""

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        no_answer()
        return None

    async def query(self, *args: Any, **options: Any) -> AsyncIterator[list[Row]]:
        for page in no_answer():
            yield page


@pytest.mark.parametrize("path", ["/healthz", "/v1/usage", "/v1/metering", "/v1/subjects/a/usage"])
async def test_storage_that_is_down_is_a_503_that_tells_nothing_else(path: str) -> None:
    async with api_over(DownStorage()) as api:
        body = await problem(api, path, 503)
        assert body["type"] == "urn:problem:storage-unavailable"
        assert "secret" not in str(body)
        assert (await api.get(path)).headers["retry-after"] == "5"


class SilentStorage(MemoryTableStorage):
    """Takes requests and never answers."""

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        await asyncio.Event().wait()
        return None


async def test_health_does_not_wait_for_a_storage_that_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(endpoints, "HEALTH_TIMEOUT_S", 0.01)
    async with api_over(SilentStorage()) as api:
        body = await problem(api, "/healthz", 503)
    assert body["type"] == "urn:problem:storage-unavailable"


@pytest.mark.parametrize("path", ["/healthz", "/v1/usage", "/v1/metering", "/v1/subjects/a/calls"])
async def test_storage_without_a_ledger_is_a_503_that_says_so(api: ApiClient, path: str) -> None:
    assert (await problem(api, path, 503))["type"] == "urn:problem:no-ledger"


class BrokenStorage(MemoryTableStorage):
    """Fails in a way that nobody foresaw."""

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        raise RuntimeError("secret detail")


async def test_unforeseen_failure_is_a_500_that_tells_nothing() -> None:
    transport = httpx.ASGITransport(create_app(BrokenStorage()), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        body = await problem(api, "/healthz", 500)
    assert body["type"] == "urn:problem:internal"
    assert "secret" not in str(body)


async def test_ledger_of_two_currencies_shows_what_is_billed(memory: MemoryTableStorage) -> None:
    settings = LedgerSettings(zone="UTC", pricing_currency="USD", billing_currency="EUR", shards=2)
    ledger = await ProjectedLedger.open(memory, settings, now=lambda: NOW)
    call = make_call()
    charges = tuple(
        msgspec.structs.replace(charge, billed=charge.charge // 2) for charge in call.priced.charges
    )
    priced = msgspec.structs.replace(call.priced, billing_currency="EUR", charges=charges)
    await ledger.post([msgspec.structs.replace(call, priced=priced)])
    billed = CALL_COST | {"billed": "0.0005976"}
    async with api_over(memory) as api:
        usage = await get(api, "/v1/usage")
        assert (usage["currency"], usage["billing_currency"]) == ("USD", "EUR")
        assert usage["totals"]["cost"] == billed
        [call_line] = (await get(api, f"/v1/subjects/{SUBJECT}/calls"))["data"]
        assert call_line["cost"] == billed
        detail = await get(api, f"/v1/calls/{call_line['id']}")
        assert detail["billing_currency"] == "EUR"
