"""The check against the real local gateway and broker: right, and with each mistake in turn."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from apim_policies.harness import compiler
from consumers.gateway_check.calls import Models
from consumers.gateway_check.run import check_gateway
from consumers.settings import Settings, read_settings
from local_stack.gateway.identity import DEFAULT_KEY, DEFAULT_SUBSCRIPTIONS
from local_stack.gateway.reporting.missettings import Missetting
from local_stack.gateway.settings import POLICIES
from tests.fixtures.calls import DEMO_BOOK
from tests.local_stack.gateway.stack import GatewayStack, gateway_stack

LONG_KEY = "long-key"
MODELS = Models(chat="gpt-4.1-mini", embeddings="text-embedding-3-small", background="o3")
CHATS = Models(chat="gpt-4.1-mini")
MISTAKE_WAITS_S, WAITS_S = 4, 20


@pytest.fixture(scope="module", autouse=True)
def mono() -> None:
    missing = compiler.missing_tools()
    if missing:
        pytest.skip(f"policies cannot be compiled here: {missing}")


def settings_of(stack: GatewayStack) -> Settings:
    return read_settings(
        {},
        {
            "EVENTHUB_CONNECTION_STRING": stack.broker.connection_string,
            "STORAGE_CONNECTION_STRING": "UseDevelopmentStorage=true",
            "PRICE_BOOKS": str(DEMO_BOOK),
            "GATEWAY_URL": f"{stack.url}/openai/v1",
            "GATEWAY_KEY": DEFAULT_KEY,
            "GATEWAY_LONG_KEY": LONG_KEY,
        },
    )


def with_long_key(folder: Path) -> Path:
    """Subscriptions of the local gateway, one of them with a long id."""
    long = {"subscription": "s" * 200, "product": None}
    known = {**msgspec.to_builtins(DEFAULT_SUBSCRIPTIONS), LONG_KEY: long}
    path = folder / "subscriptions.json"
    path.write_bytes(msgspec.json.encode(known))
    return path


async def checked(
    capsys: pytest.CaptureFixture[str], models: Models, *, wait_s: int, **changes: Any
) -> tuple[int, dict[str, str]]:
    """Exit code, and the lines by their names."""
    async with gateway_stack(**changes) as stack:
        code = await check_gateway(settings_of(stack), models, yes=True, wait_s=wait_s)
    lines = capsys.readouterr().out.splitlines()
    return code, {line[10:].split(":")[0].strip(): line for line in lines}


async def test_a_gateway_that_is_set_right_passes_and_names_what_it_could_not_judge(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, lines = await checked(
        capsys, MODELS, wait_s=WAITS_S, subscriptions=with_long_key(tmp_path)
    )
    assert code == 0, "\n".join(lines.values())
    judged = [name for name, line in lines.items() if line.startswith("OK ")]
    assert judged == [
        "logger llm-usage", "sampling", "verbosity", "correlation", "LLM log",
        "1 plain chat", "2 streamed chat", "5 embeddings, images, speech", "6 refused calls",
        "11 subject of over 128 characters", "12 background response",
    ]  # fmt: skip
    others = [line for line in lines.values() if not line.startswith("OK ")]
    assert len(others) == 6
    assert all(line.startswith("NOT JUDGED") and "needs" in line for line in others)


@pytest.mark.parametrize(
    ("changes", "name", "cure"),
    [
        ({"missettings": (Missetting.NO_TRACES,)}, "verbosity", '"verbosity":"verbose"'),
        ({"missettings": (Missetting.SAMPLED,)}, "sampling", '"percentage":100'),
        ({"missettings": (Missetting.NO_LLM_LOG,)}, "LLM log", '"largeLanguageModel"'),
        ({"missettings": (Missetting.OTHER_IDS,)}, "correlation", "az rest --method get"),
        ({"missettings": (Missetting.NO_LOG,)}, "log", "az monitor diagnostic-settings create"),
        ({"drop": 1.0}, "logger llm-usage", "/loggers/llm-usage"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_each_mistake_is_named_with_the_command_that_mends_it(
    capsys: pytest.CaptureFixture[str], changes: dict[str, Any], name: str, cure: str
) -> None:
    code, lines = await checked(capsys, CHATS, wait_s=MISTAKE_WAITS_S, **changes)
    assert code == 1
    assert lines[name].startswith("FAILED"), lines
    assert cure in lines[name]
    shared = {"logger llm-usage", "log", "sampling", "verbosity", "correlation", "LLM log"}
    wrong = {each for each in shared & lines.keys() if lines[each].startswith("FAILED")}
    assert wrong == {name}


async def test_a_model_that_answered_is_not_taken_for_the_gateways_cache(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The API has a backend section of its own, and nobody told it of the mark."""
    folder = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    path = folder / "chargeback-forward.fragment.xml"
    text = path.read_text(encoding="utf-8")
    mark = '<set-variable name="chargeback-forwarded" value="@(true)" />'
    assert mark in text
    path.write_text(text.replace(mark, ""), encoding="utf-8")
    values = (("chargeback-gateway-cache", "on"),)
    code, lines = await checked(
        capsys, CHATS, wait_s=MISTAKE_WAITS_S, policies=folder, named_values=values
    )
    assert code == 1
    line = lines["9 answers from the gateway's cache"]
    assert line.startswith("FAILED")
    assert "--named-value-id chargeback-gateway-cache --value off" in line


async def test_a_gateway_that_does_not_answer_is_not_taken_for_one_that_is_set_wrong(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with gateway_stack() as stack:
        nowhere = "http://127.0.0.1:1/openai/v1"
        settings = replace(settings_of(stack), gateway_url=nowhere, gateway_long_key=None)
        code = await check_gateway(settings, CHATS, yes=True, wait_s=1)
        lines = capsys.readouterr().out.splitlines()
        assert await check_gateway(settings, CHATS, yes=True, wait_s=1, as_json=True) == 1
    found = json.loads(capsys.readouterr().out)
    assert [f"{each['verdict']:<10} {each['name']}: {each['said']}" for each in found] == lines
    failed = [line.split(":")[0] for line in lines if line.startswith("FAILED")]
    assert code == 1
    assert failed == ["FAILED     gateway", "FAILED     1 plain chat", "FAILED     2 streamed chat"]


async def test_nothing_is_called_before_somebody_says_yes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with gateway_stack() as stack:
        code = await check_gateway(settings_of(stack), MODELS, yes=False, wait_s=WAITS_S)
        assert stack.served.proxy.counts.calls == 0
    said = capsys.readouterr()
    assert (code, said.out) == (1, "")
    assert "7 calls, of which 5 cost about 0." in said.err
    assert "--yes" in said.err
