"""The broker as a process: readiness, ports, signals, kill."""

import asyncio
import json
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from local_stack.broker.amqp.performatives import Disposition
from tests.local_stack.broker.test_config import ENTITY, written
from tests.local_stack.broker.wire_client import WireClient, event
from tests.paths import ROOT

START_TIMEOUT_S = 20.0
SENDER = "eh1/Partitions/0"


@asynccontextmanager
async def process(
    directory: Path, *options: str
) -> AsyncIterator[tuple[asyncio.subprocess.Process, dict[str, int]]]:
    """A broker that says it is ready, and its ports; killed at the end if it still lives."""
    config = written(directory, ENTITY)
    started = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local_stack.broker", "--config", str(config)),
        *("--data", str(directory / "data"), "--port", "0", "--admin-port", "0", *options),
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    assert started.stderr is not None
    try:
        line = await asyncio.wait_for(started.stderr.readline(), START_TIMEOUT_S)
        assert b"ready" in line, line
        ports = json.loads((directory / "data" / "ports.json").read_bytes())
        yield started, ports
    finally:
        if started.returncode is None:
            started.kill()
        await started.wait()


async def test_either_signal_ends_it_with_success_and_events_stay(tmp_path: Path) -> None:
    async with process(tmp_path) as (broker, ports), httpx.AsyncClient() as admin:
        url = f"http://127.0.0.1:{ports['admin']}/hubs"
        await admin.post(f"{url}/eh1/events", json={"bodies": ["x"], "partition": "0"})
        broker.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(broker.wait(), START_TIMEOUT_S) == 0
    async with process(tmp_path) as (broker, ports), httpx.AsyncClient() as admin:
        hubs = (await admin.get(f"http://127.0.0.1:{ports['admin']}/hubs")).json()
        broker.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(broker.wait(), START_TIMEOUT_S) == 0
    assert [each["events"] for each in hubs[0]["partitions"]] == [1, 0]


async def test_every_acknowledged_event_survives_a_kill(tmp_path: Path) -> None:
    acknowledged = 0
    for _ in range(2):
        async with (
            process(tmp_path) as (broker, ports),
            WireClient.authorized(ports["amqp"]) as client,
        ):
            await client.attach_sender(SENDER)
            for count in range(100):
                client.transfer(0, event(b"%d" % count))
            for _ in range(60):
                await client.expect(Disposition)
                acknowledged += 1
            broker.kill()
    async with process(tmp_path) as (_, ports), httpx.AsyncClient() as admin:
        hubs = (await admin.get(f"http://127.0.0.1:{ports['admin']}/hubs")).json()
    partition = hubs[0]["partitions"][0]
    assert acknowledged == 120
    assert acknowledged <= partition["events"] <= 200
    assert partition["last_sequence_number"] == partition["events"] - 1


@pytest.mark.parametrize("option", ["--port", "--admin-port"])
async def test_a_taken_port_is_named_in_one_line_and_ends_it_with_one(
    tmp_path: Path, option: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        config = written(tmp_path, ENTITY)
        refused = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "local_stack.broker", "--config", str(config)),
            *("--data", str(tmp_path / "data"), "--port", "0", "--admin-port", "0", option, port),
            stderr=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        _, words = await asyncio.wait_for(refused.communicate(), START_TIMEOUT_S)
    assert refused.returncode == 1
    (line,) = words.decode().splitlines()
    assert f"cannot listen on 127.0.0.1:{port}" in line


async def test_half_a_tls_configuration_is_refused(tmp_path: Path) -> None:
    refused = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "local_stack.broker", "--tls-cert", "cert.pem"),
        *("--config", str(written(tmp_path, ENTITY)), "--data", str(tmp_path / "data")),
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    _, words = await asyncio.wait_for(refused.communicate(), START_TIMEOUT_S)
    assert refused.returncode == 1
    assert b"belong together" in words
