"""Health and metering over HTTP."""

import asyncio
from dataclasses import replace
from datetime import timedelta

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
