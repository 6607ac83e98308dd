"""`python -m table_api` as people run it: refusals by exit code, then a real server on Azurite."""

import asyncio
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from local_stack.demo.azurite import AzuritePorts, free_port
from table_api.__main__ import main
from table_api.storage.azure_tables import AzureTableStorage
from tests.fixtures.calls import open_ledger
from tests.fixtures.issuer import AUDIENCE, open_issuer
from tests.paths import ROOT
from ui.api.connection import REFRESH_S

START_TIMEOUT_S = 30
CONNECTION = "AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:9/a"


def run(capsys: pytest.CaptureFixture[str], *arguments: str, **environment: str) -> tuple[int, str]:
    """(exit code, stderr) of one verb."""
    with pytest.MonkeyPatch.context() as patch:
        for name, text in environment.items():
            patch.setenv(name, text)
        code = main(arguments)
    captured = capsys.readouterr()
    assert captured.out == ""
    return code, captured.err


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "api.contoso.com", ""])
def test_host_that_others_can_reach_is_refused_without_sign_in(
    capsys: pytest.CaptureFixture[str], host: str
) -> None:
    words = ["serve", "--host", host]
    code, said = run(capsys, *words, STORAGE_CONNECTION_STRING=CONNECTION, AUTH_MODE="local")
    assert code == 2
    assert f"API_HOST {host!r} can be reached from other machines" in said
    code, said = run(capsys, *words, STORAGE_CONNECTION_STRING=CONNECTION)
    assert (code, "OIDC_ISSUERS is not set, and AUTH_MODE=oidc" in said) == (2, True)


def test_environment_cannot_open_what_the_flag_may_not(capsys: pytest.CaptureFixture[str]) -> None:
    open_to_all = {"API_HOST": "0.0.0.0", "AUTH_MODE": "local"}
    code, said = run(capsys, "serve", STORAGE_CONNECTION_STRING=CONNECTION, **open_to_all)
    assert (code, "API_HOST '0.0.0.0'" in said) == (2, True)
    code, said = run(capsys, "serve", AUTH_MODE="none", STORAGE_CONNECTION_STRING=CONNECTION)
    assert (code, "AUTH_MODE 'none'" in said) == (2, True)


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        ({}, "set either STORAGE_CONNECTION_STRING or TABLES_URL (with an identity): neither"),
        ({"STORAGE_CONNECTION_STRING": "x", "TABLES_URL": "https://a"}, "both are set"),
        ({"STORAGE_CONNECTION_STRING": "x"}, "STORAGE_CONNECTION_STRING has no AccountName"),
        ({"TABLES_URL": "http://a.table.core.windows.net"}, "TABLES_URL 'http://a.table"),
    ],
)
def test_storage_setting_that_cannot_be_used_is_named(
    capsys: pytest.CaptureFixture[str], environment: dict[str, str], message: str
) -> None:
    code, said = run(capsys, "serve", **environment)
    assert code == 2
    assert message in said


def test_people_file_that_is_bad_or_absent_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "people.csv"
    code, said = run(capsys, "people", "import", str(file), STORAGE_CONNECTION_STRING=CONNECTION)
    assert (code, "No such file" in said) == (1, True)
    file.write_text("subject,name\n")
    code, said = run(capsys, "people", "import", str(file), STORAGE_CONNECTION_STRING=CONNECTION)
    assert (code, "line 1" in said) == (1, True)


async def start(port: int, connection_string: str, **environment: str) -> Process:
    """A server that answers; its stderr is a pipe."""
    server = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "table_api", "serve", "--port", str(port)),
        cwd=ROOT,
        env={**os.environ, "STORAGE_CONNECTION_STRING": connection_string, **environment},
        stderr=PIPE,
    )
    async with asyncio.timeout(START_TIMEOUT_S), httpx.AsyncClient() as client:
        while server.returncode is None:
            try:
                await client.get(f"http://127.0.0.1:{port}/openapi.json")
                break
            except httpx.TransportError:
                await asyncio.sleep(0.05)
    return server


async def stop(server: Process) -> str:
    """End it as a supervisor does; gives what it said."""
    server.send_signal(signal.SIGTERM)
    async with asyncio.timeout(10):
        _, said = await server.communicate()
    return said.decode()


async def test_server_says_that_it_authorizes_nobody_and_serves_the_ledger(
    own_azurite: AzuritePorts, tmp_path: Path
) -> None:
    storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
    await open_ledger(storage)
    await storage.close()
    subject = f"u{uuid4().hex}"
    file = tmp_path / "people.csv"
    file.write_text(f"subject,display_name,cost_centre,valid_from\n{subject},Zoë,IT,2026-01-01\n")
    port = free_port()
    server = await start(port, own_azurite.connection_string)
    try:
        imported = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "table_api", "people", "import", str(file)],
            cwd=ROOT,
            env={**os.environ, "STORAGE_CONNECTION_STRING": own_azurite.connection_string},
            capture_output=True,
            text=True,
            check=True,
        )
        assert imported.stderr == "1 rows of 1 subjects are stored in the table people\n"
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            assert (await client.get("/healthz")).json()["auth_mode"] == "local"
            foreign = await client.get("/v1/usage", headers={"Host": "evil.example"})
            assert foreign.status_code == 403
            usage = (await client.get(f"/v1/subjects/{subject}/usage")).json()
            assert (usage["name"], usage["data"]) == ("Zoë", [])
    finally:
        said = await stop(server)
    assert "NO AUTHORIZATION" in said
    assert "Traceback" not in said


async def test_health_of_a_server_without_storage_is_503_within_seconds() -> None:
    port = free_port()
    dead = CONNECTION.replace(":9/", f":{free_port()}/")
    server = await start(port, dead)
    try:
        async with httpx.AsyncClient(timeout=8) as client:
            answer = await client.get(f"http://127.0.0.1:{port}/healthz")
        assert answer.status_code == 503
        assert answer.json()["type"] == "urn:problem:storage-unavailable"
    finally:
        await stop(server)


async def test_a_server_with_sign_in_lets_in_whoever_has_a_token(
    own_azurite: AzuritePorts,
) -> None:
    storage = AzureTableStorage.from_connection_string(own_azurite.connection_string)
    await open_ledger(storage)
    await storage.close()
    port = free_port()
    with open_issuer() as issuer:
        settings = {
            "AUTH_MODE": "oidc", "OIDC_ISSUERS": issuer.url, "OIDC_AUDIENCES": AUDIENCE,
            "API_HOST": "0.0.0.0",
        }  # fmt: skip
        server = await start(port, own_azurite.connection_string, **settings)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                assert (await client.get("/healthz")).json()["auth_mode"] == "oidc"
                assert (await client.get("/v1/usage")).status_code == 401
                headers = {"Authorization": f"Bearer {issuer.token(roles=['Billing.Admin'])}"}
                for path in ("/v1/usage", "/v1/me", "/v1/access-log"):
                    answer = await client.get(path, headers=headers)
                    assert answer.status_code == 200, answer.text
                assert [row["route"] for row in answer.json()["data"]] == ["/v1/usage"]
        finally:
            said = await stop(server)
    assert f"callers sign in with tokens of {issuer.url}" in said
    assert "Traceback" not in said


async def test_a_connection_outlives_the_pause_between_two_refreshes_of_a_page(
    own_azurite: AzuritePorts,
) -> None:
    port = free_port()
    server = await start(port, own_azurite.connection_string, AUTH_MODE="local")
    limits = httpx.Limits(keepalive_expiry=None)
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", limits=limits) as client:
            opened = [await connection_of(client)]
            await asyncio.sleep(REFRESH_S + 0.5)
            opened.append(await connection_of(client))
    finally:
        await stop(server)
    assert opened[0] == opened[1]


async def connection_of(client: httpx.AsyncClient) -> tuple[str, int]:
    """This end's address of the connection that carried a question."""
    answer = await client.get("/openapi.json")
    assert answer.status_code == 200
    address: tuple[str, int] = answer.extensions["network_stream"].get_extra_info("client_addr")
    return address
