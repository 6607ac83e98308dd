"""`publish` from the command line and from the timer, on Azurite and the stand-in."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE

import pytest
from azure.data.tables import TableServiceClient

from local_stack.demo.azurite import AzuritePorts
from local_stack.insights.server import Served, serving
from table_api.__main__ import main
from table_api.publishing.passes import ScheduledPublisher
from table_api.storage.azure_tables import AzureTableStorage
from table_api.storage.timestamp import now_utc
from telemetry.settings import read_telemetry
from tests.fixtures.builders import call_id
from tests.fixtures.calls import make_call, open_ledger
from tests.fixtures.published import copies, differences

Output = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _no_tables(own_azurite: AzuritePorts) -> None:
    """Each test has an account without a ledger."""
    with TableServiceClient.from_connection_string(own_azurite.connection_string) as service:
        for table in service.list_tables():
            service.delete_table(table.name)


async def post(ports: AzuritePorts, *numbers: int) -> None:
    async with AzureTableStorage.from_connection_string(ports.connection_string) as storage:
        ledger = await open_ledger(storage)
        await ledger.post([make_call(number, id=call_id(number)) for number in numbers])


async def ledger_differences(ports: AzuritePorts, served: Served) -> list[str]:
    async with AzureTableStorage.from_connection_string(ports.connection_string) as storage:
        return await differences(storage, served.store.rows("AppEvents"))


async def test_one_pass_sends_what_is_new_and_says_how_much(
    own_azurite: AzuritePorts, capsys: Output
) -> None:
    async with serving() as served:
        words = ["publish", "--storage-connection-string", own_azurite.connection_string]
        words += ["--applicationinsights-connection-string", served.connection_string]
        assert await asyncio.to_thread(main, words) == 1
        assert "no ledger" in capsys.readouterr().err
        await post(own_azurite, 1, 2)
        assert await asyncio.to_thread(main, words) == 0
        assert "2 rows of the ledger are sent, 0 are refused" in capsys.readouterr().err
        assert await asyncio.to_thread(main, [*words, "--settle"]) == 0
        assert "0 rows of the ledger are sent" in capsys.readouterr().err
        assert await asyncio.to_thread(main, [*words, "--from", "2026-11-21"]) == 0
        assert await ledger_differences(own_azurite, served) == []


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "set APPLICATIONINSIGHTS_CONNECTION_STRING"),
        (["--telemetry-subject-key", "x"], 2, "TELEMETRY_SUBJECT_KEY has 1 characters"),
        (["--shards", "x"], 2, "is no range of shards"),
        (["--from", "x"], 2, "is not a day"),
        (["--follow", "--again"], 2, "--follow sends what is new"),
    ],
)
def test_what_cannot_be_used_is_named(
    words: list[str], code: int, message: str, own_azurite: AzuritePorts, capsys: Output
) -> None:
    storage = ["--storage-connection-string", own_azurite.connection_string]
    assert main(["publish", *storage, *words]) == code
    assert message in capsys.readouterr().err


async def test_following_sends_what_comes_until_it_is_told_to_end(
    own_azurite: AzuritePorts,
) -> None:
    await post(own_azurite, 1)
    async with serving() as served:
        environment = os.environ | {
            "STORAGE_CONNECTION_STRING": own_azurite.connection_string,
            "APPLICATIONINSIGHTS_CONNECTION_STRING": served.connection_string,
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "table_api", "publish", "--follow"),
            env=environment, stdout=PIPE, stderr=PIPE,
        )  # fmt: skip
        for _ in range(200):
            if not await ledger_differences(own_azurite, served):
                break
            await asyncio.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        _, err = await process.communicate()
        assert (process.returncode, copies(served.store.rows("AppEvents"))) == (0, 0)
        assert b'"action": "published"' in err
        assert await ledger_differences(own_azurite, served) == []


async def test_the_timer_publishes_once_there_is_a_ledger(own_azurite: AzuritePorts) -> None:
    async with (
        serving() as served,
        AzureTableStorage.from_connection_string(own_azurite.connection_string) as storage,
    ):
        variables = {"APPLICATIONINSIGHTS_CONNECTION_STRING": served.connection_string}
        publisher = ScheduledPublisher(storage, read_telemetry(variables))
        await publisher.run(now_utc())
        await post(own_azurite, 1, 2)
        await publisher.run(now_utc())
        assert await ledger_differences(own_azurite, served) == []
