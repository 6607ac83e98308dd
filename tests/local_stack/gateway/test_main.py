"""The process: its settings, how it starts, what it refuses, and that a signal drains it."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from local_stack.broker import BrokerConfig, HubConfig, running_broker
from local_stack.gateway.identity import local_token
from local_stack.gateway.reporting.trap import Trap
from local_stack.gateway.settings import parse
from local_stack.model.server import serving as model_serving
from tests.paths import ROOT

ASKED_MAX = 10_000
EVENT_HUBS = (
    "Endpoint=sb://localhost:1;SharedAccessKeyName=n;SharedAccessKey=k;UseDevelopmentEmulator=true;"
)


def test_flags_win_over_the_environment() -> None:
    settings = parse(
        ["--drop", "0.03", "--traps", "probes, chunks", "--named-value", "a=b=c"],
        {
            "EVENTHUB_CONNECTION_STRING": EVENT_HUBS,
            "GATEWAY_PORT": "1234",
            "GATEWAY_DROP": "0.5",
        },
    )
    assert (settings.port, settings.drop) == (1234, 0.03)
    assert settings.traps == (Trap.PROBES, Trap.CHUNKS)
    assert settings.named_values == (("a", "b=c"),)
    assert settings.subscriptions is None


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "--event-hubs"),
        (["--event-hubs", EVENT_HUBS, "--drop", "3"], "3 is no share"),
        (["--event-hubs", EVENT_HUBS, "--traps", "ghosts"], "expected some of probes"),
        (["--event-hubs", EVENT_HUBS, "--diagnostics-delay-s", "-1"], "expected 0 to 3600"),
        (["--event-hubs", EVENT_HUBS, "--named-value", "a"], "expected NAME=VALUE"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments, {})
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


async def start(*arguments: str) -> asyncio.subprocess.Process:
    command = [sys.executable, "-m", "local_stack.gateway", "--port", "0", *arguments]
    return await asyncio.create_subprocess_exec(*command, cwd=ROOT, stderr=asyncio.subprocess.PIPE)


async def test_a_signal_answers_what_is_open_and_sends_every_report(
    mono: None, tmp_path: Path
) -> None:
    hubs = tuple(HubConfig(name=name, partitions=1) for name in ("llm-usage", "apim-diagnostics"))
    metrics = tmp_path / "metrics.jsonl"
    async with running_broker(config=BrokerConfig(hubs=hubs)) as broker, model_serving() as model:
        process = await start(
            *("--backend", f"http://127.0.0.1:{model}", "--metrics-file", str(metrics)),
            *("--event-hubs", broker.connection_string, "--diagnostics-delay-s", "600"),
        )
        assert process.stderr is not None
        line = (await process.stderr.readline()).decode()
        url = f"http://{line.rpartition('ready on ')[2].strip()}"
        headers = {
            "Authorization": f"Bearer {local_token('person-1')}",
            "x-model-delay-ms": "700",
            "x-model-tokens": "prompt=9,completion=3",
        }
        chat = f"{url}/llm/openai/deployments/gpt-5/chat/completions"
        async with aiohttp.ClientSession(headers=headers) as session:
            calling = asyncio.create_task(session.post(chat, json={"messages": []}))
            for _ in range(ASKED_MAX):
                if (await counts(session, url))["open"] == 1:
                    break
            process.send_signal(signal.SIGTERM)
            answer = await calling
            assert (await answer.json())["usage"]["prompt_tokens"] == 9
        assert await process.wait() == 0
        [event] = broker.read("llm-usage", "0")
        [envelope] = broker.read("apim-diagnostics", "0")
    assert json.loads(event.body)["subject"] == "person-1"
    categories = [record["category"] for record in json.loads(envelope.body)["records"]]
    assert categories == ["GatewayLogs", "GatewayLlmLogs"]
    assert "chargeback.prompt_tokens" in metrics.read_text()


async def counts(session: aiohttp.ClientSession, url: str) -> dict[str, int]:
    async with session.get(f"{url}/counts") as answer:
        told: dict[str, int] = await answer.json()
        return told


async def test_policies_with_a_fault_end_it_with_file_and_line(mono: None, tmp_path: Path) -> None:
    for path in [*(ROOT / "apim_policies").glob("*.xml"), ROOT / "apim_policies/named_values.json"]:
        (tmp_path / path.name).write_text(path.read_text())
    broken = tmp_path / "chargeback-token-metric.fragment.xml"
    broken.write_text(broken.read_text().replace("context.Variables", "context.Variable"))
    process = await start("--event-hubs", EVENT_HUBS, "--policies", str(tmp_path))
    _, said = await process.communicate()
    assert process.returncode == 1
    assert b"chargeback-token-metric.fragment.xml:" in said
