"""A key that a setting holds is in nothing that a process prints or answers, however it fails."""

import asyncio
import base64
import os
import sys

import httpx
import pytest

from local_stack.broker import BrokerConfig, HubConfig, running_broker
from local_stack.demo.azurite import AzuritePorts, free_port
from table_api.errors import Unavailable
from table_api.http_api.app import create_app
from table_api.storage.memory_blobs import MemoryBlobStore
from table_api.storage.memory_tables import MemoryTableStorage
from table_api.storage.table_storage import Row
from tests.fixtures.waiting import until
from tests.paths import ROOT

ENDS_WITHIN_S = 120
KEY = base64.b64encode(b"a key that has 64 bytes, as those of storage accounts always do.").decode()
"""Known, of the right form, and of no account."""
NO_BASE64 = "known!key!that!is!no!base64"
SECRETS = (KEY, KEY[:43], NO_BASE64)
NOWHERE = "127.0.0.1:9"
STORAGE = (
    f"AccountName=devstoreaccount1;AccountKey={KEY};TableEndpoint=http://{NOWHERE}/a;"
    f"BlobEndpoint=http://{NOWHERE}/a"
)
HUB = f"Endpoint=sb://{NOWHERE}/;SharedAccessKeyName=Root;SharedAccessKey={KEY}"

Environment = dict[str, str]
FAILING: list[tuple[str, Environment]] = [
    ("key that is no base64", {"STORAGE_CONNECTION_STRING": STORAGE.replace(KEY, NO_BASE64)}),
    ("user in the endpoint", {"EVENTHUB_CONNECTION_STRING": HUB.replace("//", f"//u:{KEY}@", 1)}),
    ("user at the tables", {"STORAGE_CONNECTION_STRING": STORAGE.replace("//", f"//u:{KEY}@")}),
    ("key alone", {"EVENTHUB_CONNECTION_STRING": KEY, "STORAGE_CONNECTION_STRING": KEY}),
    ("wrong variable", {"EVENTHUB_CONNECTION_STRING": "", "EVENTHUB_NAMESPACE": KEY}),
    ("wrong variable, whole", {"EVENTHUB_CONNECTION_STRING": "", "EVENTHUB_NAMESPACE": HUB}),
    ("URL in its place", {"TABLES_URL": STORAGE, "STORAGE_CONNECTION_STRING": ""}),
]  # fmt: skip


async def said(*arguments: str, environment: Environment) -> tuple[int | None, str]:
    """(exit code, stdout and stderr) of a program of ours."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", *arguments),
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(ENDS_WITHIN_S):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    return process.returncode, output.decode()


@pytest.mark.parametrize(
    "environment", [each for _, each in FAILING], ids=[name for name, _ in FAILING]
)
async def test_a_consumer_that_cannot_start_names_no_key(environment: Environment) -> None:
    given = {"EVENTHUB_CONNECTION_STRING": HUB, "STORAGE_CONNECTION_STRING": STORAGE} | environment
    code, output = await said("consumers", "check", environment=given)
    assert code == 1
    assert output
    assert [secret for secret in SECRETS if secret in output] == []


@pytest.mark.parametrize("hub_is_there", [True, False])
async def test_a_service_that_refuses_the_key_or_is_not_there_is_told_without_it(
    azurite: AzuritePorts, hub_is_there: bool
) -> None:
    hub = HubConfig(name="llm-usage", partitions=1, consumer_groups=("metering",))
    async with running_broker(config=BrokerConfig(hubs=(hub,))) as broker:
        environment = {
            "EVENTHUB_CONNECTION_STRING": broker.connection_string if hub_is_there else HUB,
            "STORAGE_CONNECTION_STRING": with_other_key(azurite.connection_string),
        }
        code, output = await said("consumers", "check", environment=environment)
    assert code == 1
    assert ("OK     event hub" in output) is hub_is_there
    assert "FAILED table storage" in output
    assert "FAILED blob storage" in output
    assert [secret for secret in SECRETS if secret in output] == []


def with_other_key(account: str) -> str:
    [true_key] = [part for part in account.split(";") if part.startswith("AccountKey=")]
    return account.replace(true_key, f"AccountKey={KEY}")


@pytest.mark.parametrize(
    ("verb", "environment"),
    [
        (("people", "list"), {"STORAGE_CONNECTION_STRING": KEY}),
        (("invoice", "verify", "2026-10"), {"STORAGE_CONNECTION_STRING": STORAGE}),
        (("serve",), {"TABLES_URL": STORAGE}),
        (("serve",), {"STORAGE_CONNECTION_STRING": STORAGE.replace(KEY, NO_BASE64)}),
    ],
)
async def test_the_tables_programs_that_cannot_start_name_no_key(
    verb: tuple[str, ...], environment: Environment
) -> None:
    nothing = {"STORAGE_CONNECTION_STRING": "", "TABLES_URL": ""}
    code, output = await said("table_api", *verb, environment=nothing | environment)
    assert code != 0
    assert output
    assert [secret for secret in SECRETS if secret in output] == []


async def test_a_running_api_answers_and_logs_no_key() -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "table_api", "serve", "--port", str(port)),
        cwd=ROOT,
        env={**os.environ, "STORAGE_CONNECTION_STRING": STORAGE, "TABLES_URL": ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as api:

            async def answers() -> bool:
                try:
                    return (await api.get("/v1/nothing")).status_code == 404
                except httpx.TransportError:
                    return False

            await until(answers, within_s=ENDS_WITHIN_S)
            answer = await api.get("/v1/usage")
        assert answer.status_code == 503
    finally:
        process.terminate()
        output, _ = await process.communicate()
    assert [secret for secret in SECRETS if secret in output.decode() + answer.text] == []


class TalkativeStorage(MemoryTableStorage):
    """Every read fails with words that nobody outside is to read."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    async def get(self, table: str, partition_key: str, row_key: str) -> Row | None:
        raise self._error


@pytest.mark.parametrize("error", [Unavailable(STORAGE), RuntimeError(STORAGE), OSError(STORAGE)])
async def test_no_answer_repeats_what_an_exception_says(error: Exception) -> None:
    transport = httpx.ASGITransport(
        create_app(TalkativeStorage(error), MemoryBlobStore()), raise_app_exceptions=False
    )
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as api:
        for path in ("/v1/usage", "/v1/subjects/x/calls", "/v1/reratings/r0", "/healthz"):
            answer = await api.get(path)
            assert answer.status_code >= 500 or path == "/healthz"
            assert "AccountKey" not in answer.text
            assert KEY not in answer.text
