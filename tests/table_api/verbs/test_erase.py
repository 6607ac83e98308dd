"""`people erase` and `access-log` from the command line, on Azurite."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local_stack.demo.azurite import AzuritePorts
from table_api.__main__ import main
from table_api.consumer_state.raw_usage import RawUsage, RawUsageKey
from table_api.owners.access_log import KEPT_DAYS, AccessLog
from table_api.owners.ownership import Kind, Owners
from table_api.people.people import People
from table_api.storage.azure_blobs import AzureBlobStore
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.table_storage import TableStorage
from table_api.storage.timestamp import now_utc
from tests.fixtures.billing import people
from tests.fixtures.builders import call_id
from tests.fixtures.calls import all_rows, make_call, open_ledger
from tests.fixtures.office import look, own

ANN, BOB = "ann-ü", "bob"


async def _fill(storage: TableStorage, letters: AzureBlobStore) -> None:
    """Two people in every place that knows people."""
    await people(storage, [(who, f"Name of {who}", "IT", "2026-01-01") for who in (ANN, BOB)])
    await Owners(storage, now=now_utc).save(
        [own(who, Kind.COST_CENTRE, "IT", "2026-01-01") for who in (ANN, BOB)]
    )
    ledger = await open_ledger(storage)
    usage, log = RawUsage(storage), AccessLog(storage)
    await usage.create()
    await letters.create_container()
    for number, who in enumerate((ANN, BOB)):
        call = make_call(number, id=call_id(number), subject=who)
        await ledger.post([call])
        event = call.priced.event
        key = RawUsageKey(call_id=event.id, time=event.time, partition="0", sequence_number=number)
        await usage.keep([(key, '{"prompt_tokens": 1}')])
        await log.add(look(now_utc(), who))
        body = b'{"subject": "%s"}' % who.encode()
        await letters.create(f"llm-usage/0-{number}", body, content_type="application/json")
    searched = replace(look(now_utc(), BOB), subjects=(), query="q=Name+of+ann")
    await log.add(searched)
    escaped = b'{"subject": "ann-\\u00fc"}'
    await letters.create("llm-usage/0-9", escaped, content_type="application/json")


async def _texts(storage: TableStorage, tables: tuple[str, ...]) -> str:
    return repr([await all_rows(storage, table) for table in tables])


def test_one_person_is_erased_everywhere_and_nobody_else(
    own_azurite: AzuritePorts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", own_azurite.connection_string)

    async def opened(step: str) -> str:
        storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
        letters = AzureBlobStore.from_connection_string(
            own_azurite.connection_string, "dead-letters"
        )
        try:
            if step == "fill":
                await _fill(storage, letters)
            names = (await People(storage, now=now_utc).directory()).at(ANN, now_utc().date())
            assert names is not None
            assert (names.cost_centre, names.display_name is None) == ("IT", step == "erased")
            return await _texts(storage, ("owners", "accesslog", "rawusage"))
        finally:
            await letters.close()
            await storage.close()

    before = asyncio.run(opened("fill"))
    assert before.count(ANN) == 3
    assert main(["people", "erase", ANN]) == 0
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "letter\tdead-letters\tllm-usage/0-0",
        "letter\tdead-letters\tllm-usage/0-9",
    ]
    assert "erased: 1 rows of owners, 1 usage objects, 2 rows of the access log" in said.err
    after = asyncio.run(opened("erased"))
    assert (ANN in after, call_id(0) in after, "Name" in after) == (False, False, False)
    assert after.count(BOB) == before.count(BOB)
    assert call_id(1) in after


def test_the_access_log_is_shown_and_purged(
    own_azurite: AzuritePorts, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", own_azurite.connection_string)

    async def fill() -> None:
        storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
        log = AccessLog(storage)
        for days, who in ((0, "today"), (3, "lately"), (30, "before"), (KEPT_DAYS + 1, "old")):
            await log.add(look(datetime.now(UTC) - timedelta(days=days), f"purge-{who}"))
        await storage.close()

    asyncio.run(fill())
    assert main(["access-log"]) == 0
    shown = [line.split("\t")[-1] for line in capsys.readouterr().out.splitlines()]
    assert [who for who in shown if who.startswith("purge-")] == ["purge-today", "purge-lately"]
    assert main(["access-log", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert "purge-today" in {subject for row in rows for subject in row["subjects"]}
    assert main(["access-log", "--purge"]) == 0
    assert "1 rows older than 396 days are deleted" in capsys.readouterr().err
    assert main(["access-log", "--purge"]) == 0
    assert "0 rows older" in capsys.readouterr().err


def test_a_container_that_cannot_exist_is_refused_by_name(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")
    assert main(["people", "erase", ANN, "--dead-letter-container", "dl"]) == 2
    assert "DEAD_LETTER_CONTAINER is 'dl': expected 3 to 63" in capsys.readouterr().err
