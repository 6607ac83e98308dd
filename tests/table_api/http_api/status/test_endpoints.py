"""Health and metering over HTTP."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from table_api.audit.last_audit import save_audit
from table_api.audit.ledger_audit import audit
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex, LetterState
from table_api.consumer_state.progress import Count, Progress, ProgressTable
from table_api.http_api.status import endpoints
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from tests.fixtures.builders import CALL_TIME, ENQUEUED_TIME
from tests.fixtures.calls import NOW, open_ledger
from tests.fixtures.damage import damage
from tests.table_api.conftest import ApiClient, api_over
from tests.table_api.http_api.asking import get, post, problem


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


async def test_metering_shows_progress_dead_letters_and_the_audit(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await post(memory, "a")
    assert await get(api, "/v1/metering") == {
        "partitions": [],
        "passed": None,
        "totals": dict.fromkeys((count.value for count in Count), 0),
        "waiting": 0,
        "dead_letters_open": 0,
        "dead_letters_complete": True,
        "audit": None,
    }
    await save_audit(memory, await audit(memory, now=NOW))  # before counts that no call stands for
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
    status = await get(api, "/v1/metering")
    assert [row["partition"] for row in status["partitions"]] == ["0", "1"]
    assert status["partitions"][0]["sequence_number"] == 41
    assert (status["totals"]["received"], status["totals"]["dead_lettered"]) == (80, 2)
    assert status["dead_letters_open"] == 1
    assert (status["audit"]["ok"], status["audit"]["calls"]) == (True, 1)
    assert (await get(api, "/v1/usage"))["newest_call"] == "2026-11-20T09:30:18.446590Z"


async def save_progress(storage: MemoryTableStorage, partition: str, **known: Any) -> None:
    progress = Progress(
        hub="llm-usage",
        group="metering",
        partition=partition,
        hub_created_at=CALL_TIME,
        sequence_number=41,
        recorded_at=NOW,
        counts={},
        **known,
    )
    await storage.create_table("progress")
    await ProgressTable(storage).write(progress, None)


async def test_metering_has_passed_what_its_slowest_partition_has(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    later = ENQUEUED_TIME + timedelta(seconds=9)
    await save_progress(memory, "0", enqueued_time=ENQUEUED_TIME, caught_up_at=later, partitions=2)
    status = await get(api, "/v1/metering")
    assert status["passed"] is None, "nobody has read the other partition yet"
    await save_progress(memory, "1", enqueued_time=ENQUEUED_TIME, partitions=2)
    status = await get(api, "/v1/metering")
    assert [row["passed"][17:19] for row in status["partitions"]] == ["26", "17"]
    assert status["passed"] == status["partitions"][1]["passed"]


async def test_a_damaged_row_of_progress_keeps_no_usage_from_anybody(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    await save_progress(memory, "0", enqueued_time=ENQUEUED_TIME)
    later = ENQUEUED_TIME + timedelta(seconds=9)
    await save_progress(memory, "1", enqueued_time=later)
    assert (await get(api, "/v1/usage"))["newest_call"] == wire(later)
    await damage(memory, "progress", "metering 1", enqueued_time="x")
    assert (await get(api, "/v1/usage"))["newest_call"] == wire(ENQUEUED_TIME)
    assert (await api.get("/v1/metering")).json()["detail"].startswith("row progress llm-usage|")


def wire(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


async def test_what_retention_took_of_an_emptied_partition_is_among_the_lost(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    await save_progress(memory, "0", enqueued_time=ENQUEUED_TIME, caught_up_at=NOW, gone=20)
    status = await get(api, "/v1/metering")
    assert (status["totals"]["lost"], status["partitions"][0]["counts"]["lost"]) == (20, 20)


async def test_dead_letters_are_the_open_ones_of_both_hubs_with_their_reason(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    assert await get(api, "/v1/dead-letters") == {"complete": True, "data": []}
    await save_letter(memory)
    await save_letter(memory, hub="apim-diagnostics")
    answer = await get(api, "/v1/dead-letters")
    assert [row["hub"] for row in answer["data"]] == ["llm-usage", "apim-diagnostics"]
    assert answer["complete"] is True
    row = answer["data"][0]
    assert row["id"] == "0-00000000000000000007-000000000000"
    assert (row["reason"], row["message"], row["sequence_number"]) == ("json", "the body is cut", 7)
    assert "value" not in row, "it may hold what a sender said; `dead-letters show` has it"


async def test_dead_letters_say_when_there_are_more(
    api: ApiClient, memory: MemoryTableStorage
) -> None:
    await open_ledger(memory)
    for number in (1, 2, 3):
        await save_letter(memory, sequence_number=number)
    answer = await get(api, "/v1/dead-letters", limit="3")
    assert (len(answer["data"]), answer["complete"]) == (3, True), "a redriven one follows"
    answer = await get(api, "/v1/dead-letters", limit="2")
    assert (len(answer["data"]), answer["complete"]) == (2, False)
    body = await problem(api, "/v1/dead-letters?limit=0", 400)
    assert "limit" in body["detail"]


async def save_letter(
    storage: MemoryTableStorage, *, hub: str = "llm-usage", sequence_number: int = 7
) -> None:
    """One dead letter that is open and one that was redriven."""
    index = DeadLetterIndex(storage, hub)
    await index.create()
    letter = DeadLetter(
        hub=hub,
        partition="0",
        sequence_number=sequence_number,
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
    redriven = replace(letter, sequence_number=sequence_number + 100, state=LetterState.REDRIVEN)
    await index.add([letter, redriven])
