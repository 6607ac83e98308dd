"""A close that is killed in earnest, again and again, ends in documents that verify."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from azure.storage.blob import ContainerClient

from local_stack.demo.azurite import AzuritePorts
from table_api.__main__ import main
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.billing import people
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.hubs_read import leave_hubs_read

COST_CENTRES = 30
BLOBS = COST_CENTRES * 5 + 5
"""Invoices in four formats and statements; FOCUS, snapshot, manifest."""
KILLED_AT = (1, 40, 100)


@pytest.fixture
def container(own_azurite: AzuritePorts) -> Iterator[ContainerClient]:
    """The container `invoices` beside a ledger of 30 subjects with a cost centre each."""

    async def fill() -> None:
        storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
        ledger = await open_ledger(storage)
        await leave_hubs_read(storage, datetime(2026, 10, 2, tzinfo=UTC))
        names = [f"s{number:02d}" for number in range(COST_CENTRES)]
        await people(storage, [(name, name, f"CC-{name}", "2026-01-01") for name in names])
        noon = datetime(2026, 9, 9, 12, tzinfo=UTC)
        await ledger.post(
            [
                make_call(number, id=call_id(number), subject=name, time=noon)
                for number, name in enumerate(names)
            ]
        )
        await storage.close()

    asyncio.run(fill())
    text = own_azurite.connection_string
    with ContainerClient.from_connection_string(text, "invoices") as client:
        client.create_container()
        yield client


def standing(container: ContainerClient) -> dict[str, bytes]:
    names = list(container.list_blob_names())
    return {name: container.download_blob(name).readall() for name in names}


def kill_at(blobs: int, container: ContainerClient) -> int:
    """Start a close and kill it when so many blobs stand; gives its exit code."""
    command = [sys.executable, "-m", "table_api", "invoice", "close", "2026-09"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and len(list(container.list_blob_names())) < blobs:
            pass
        process.kill()
    return process.returncode


def test_a_close_killed_in_earnest_is_finished_by_the_next_and_no_byte_moves(
    container: ContainerClient,
    own_azurite: AzuritePorts,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", own_azurite.connection_string)
    before: dict[str, bytes] = {}
    for blobs in KILLED_AT:
        assert kill_at(blobs, container) == -signal.SIGKILL
        now = standing(container)
        assert {name: now[name] for name in before} == before
        assert "202609/manifest.json" not in now
        before = now
    assert main(["invoice", "close", "2026-09"]) == 0
    after = standing(container)
    assert {name: after[name] for name in before} == before
    assert len(after) == BLOBS
    capsys.readouterr()
    assert main(["invoice", "verify"]) == 0
    assert "2026-09 ok: 153 files" in capsys.readouterr().out
