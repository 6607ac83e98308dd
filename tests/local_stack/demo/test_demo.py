"""`make demo` with all processes and the real SDKs, nothing in between: a real production trace
straight to the hub, and live calls through the gateway."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from apim_policies.harness import compiler
from local_stack.gateway.identity import local_token
from local_stack.identity.ask import SERVICE, access_token
from local_stack.identity.config import read_config
from local_stack.traffic.people import people
from telemetry.queries.query_text import QueryName, bind
from tests.fixtures.trace_total import TRACE, total_of
from tests.paths import ROOT

START_TIMEOUT_S = 180
METERED_TIMEOUT_S = 30
PUBLISHED_TIMEOUT_S = 60


@contextmanager
def demo(data: Path, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "local_stack.demo", "--data", str(data)]
    with (data.parent / "demo.log").open("ab") as log:
        process = subprocess.Popen([*command, *options], cwd=ROOT, stdout=log, stderr=log)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)


def box_of(data: Path) -> dict[str, Any]:
    box: dict[str, Any] = json.loads((data / "demo.json").read_text())
    return box


def wait_for_box(data: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not (data / "demo.json").exists():
        log = (data.parent / "demo.log").read_text()[-3000:]
        assert process.poll() is None, log
        assert time.monotonic() < deadline, log
        time.sleep(0.2)
    return box_of(data)


@pytest.mark.skipif(not TRACE.exists(), reason="the recorded trace is not here")
def test_a_real_trace_is_metered_to_the_last_digit_and_a_second_run_adds_nothing(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    expected = total_of(TRACE)
    with demo(data, "--trace", str(TRACE)) as process:
        box = wait_for_box(data, process)
        assert (box["sent"], box["posted"], box["duplicates"]) == (8819, 8819, 0)
        assert (box["dead_lettered"], box["deferred"], box["unpriced"]) == (0, 0, 0)
        assert (box["gateway_calls"], box["key"], "base_url" in box["urls"]) == (0, None, False)
        assert box["audit"] == "ok"
        assert (box["published"], box["telemetry_difference"]) == (8819, 0)
        assert Decimal(box["total_cost"]) == expected
        api = box["urls"]["api"]
        headers = service_token(data)
        usage = httpx.get(
            f"{api}/v1/usage",
            params={**these_days(), "group_by": "subject,model"},
            headers=headers,
        ).json()
        charges = [Decimal(group["cost"]["charge"]) for group in usage["data"]]
        assert sum(charges) == expected == Decimal(usage["totals"]["cost"]["charge"])
        assert sum(group["calls"] for group in usage["data"]) == 8819
        assert httpx.get(f"{api}/v1/usage", params=these_days()).status_code == 401
        assert_every_url_answers(box)
        assert_the_token_command_prints_a_token(box)
    assert process.returncode == 0

    os.remove(data / "demo.json")
    with demo(data, "--trace", str(TRACE), "--exit") as process:
        assert process.wait(START_TIMEOUT_S) == 0
    again = box_of(data)
    assert (again["sent"], again["posted"], again["duplicates"]) == (8819, 0, 8819)
    assert (again["total_cost"], again["audit"]) == (box["total_cost"], "ok")
    assert "nothing new" in (tmp_path / "demo.log").read_text()


@pytest.mark.skipif(bool(compiler.missing_tools()), reason="policies cannot be compiled here")
def test_calls_through_the_gateway_are_metered_and_so_is_any_client(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    person = people()[39]
    with demo(data, "--calls", "60", "--streamed", "0.5", "--drop", "0.1") as process:
        box = wait_for_box(data, process)
        assert box["gateway_calls"] == 60
        assert box["sent"] == 60 - box["gateway_dropped"] < 60
        assert box["posted"] + box["waiting"] == 60
        assert (box["waiting"], box["unattributed"], box["dead_lettered"]) == (0, 0, 0)
        assert box["completed"] > 10
        assert box["recovered"] + box["no_usage"] > 0
        assert box["audit"] == "ok"
        assert box["published"] >= 60
        assert box["telemetry_difference"] == 0
        api = httpx.Client(base_url=box["urls"]["api"], headers=service_token(data))
        assert box["sign_in"]["Diego Fernández"] == "owner of Engineering"
        for key, subject, name in (
            (box["key"], "subscription:local-client", "Your client"),
            (local_token(person.subject), person.subject, person.name),
        ):
            before = charge_of(api, subject)
            answer = httpx.post(
                f"{box['urls']['base_url']}/chat/completions",
                headers={
                    "Authorization": f"Bearer {key}",
                    "x-model-tokens": "prompt=1000,cached=0,completion=500,reasoning=0",
                },
                json={"model": "gpt-4.1-mini", "messages": [{"role": "user", "content": "Hi"}]},
            )
            assert answer.is_success
            # 1,000 × 0.40 + 500 × 1.60 USD per million tokens
            wait_for_charge(api, subject, before + Decimal("0.0012"))
            subjects = api.get("/v1/subjects", params=these_days()).json()["data"]
            names = {each["subject"]: each["name"] for each in subjects}
            assert names[subject] == name
        api.close()
        wait_for_telemetry(box, "subscription:local-client")
        telemetry = httpx.get(box["urls"]["insights"]).json()
        assert telemetry["AppRequests"] >= 60  # the gateway's own, and those of the two clients
        assert telemetry["AppDependencies"] > 0
        assert_every_url_answers(box)
    assert process.returncode == 0


def wait_for_telemetry(box: dict[str, Any], user: str) -> None:
    """Until Application Insights has a call of this user, joined with the gateway's request."""
    now = datetime.now(UTC)
    query = bind(
        QueryName.CALLS, user=user, session="", every_session=True,
        start=now - timedelta(hours=1), stop=now + timedelta(hours=1),
    )  # fmt: skip
    url = box["urls"]["insights"].replace("/counts", "/v1/workspaces/local/query")
    deadline = time.monotonic() + PUBLISHED_TIMEOUT_S
    while True:
        [table] = httpx.post(url, json={"query": query}).raise_for_status().json()["tables"]
        if table["rows"]:
            names = [column["name"] for column in table["columns"]]
            call = dict(zip(names, table["rows"][0], strict=True))
            assert (call["GatewayStatus"], call["State"]) == ("200", "priced")
            assert call["BackendMs"] < call["GatewayMs"]
            return
        assert time.monotonic() < deadline, f"no call of {user} in Application Insights"
        time.sleep(1)


def assert_every_url_answers(box: dict[str, Any]) -> None:
    """As somebody who clicks on it: the base URL is the beginning of paths, such as that of the
    list of models, which clients ask for first.
    """
    urls = dict(box["urls"])
    if "base_url" in urls:
        models = f"{urls.pop('base_url')}/models"
        answer = httpx.get(models, headers={"Authorization": f"Bearer {box['key']}"})
        assert "gpt-4.1-mini" in {model["id"] for model in answer.json()["data"]}
    for url in urls.values():
        assert httpx.get(url, follow_redirects=True).is_success, url


def assert_the_token_command_prints_a_token(box: dict[str, Any]) -> None:
    """As typed in a new shell, which knows no virtual environment."""
    shell = {name: text for name, text in os.environ.items() if name != "VIRTUAL_ENV"}
    shell["PATH"] = os.defpath
    said = subprocess.check_output(["sh", "-c", box["token_command"]], cwd=ROOT, env=shell)
    headers = {"Authorization": f"Bearer {said.decode().strip()}"}
    me = httpx.get(f"{box['urls']['api']}/v1/me", headers=headers).json()
    assert me["name"] == "Amara Okafor"


def these_days() -> dict[str, str]:
    today = datetime.now(UTC).date()
    return {"from": f"{today - timedelta(days=2)}", "to": f"{today + timedelta(days=2)}"}


def service_token(data: Path) -> dict[str, str]:
    """Headers of a script, as the demonstration's provider lets it in."""
    return {"Authorization": f"Bearer {access_token(read_config(data), SERVICE)}"}


def charge_of(api: httpx.Client, subject: str) -> Decimal:
    answer = api.get("/v1/usage", params={**these_days(), "group_by": "subject"})
    groups = answer.json()["data"]
    found = [group["cost"]["charge"] for group in groups if group["subject"] == subject]
    return sum((Decimal(charge) for charge in found), Decimal(0))


def wait_for_charge(api: httpx.Client, subject: str, expected: Decimal) -> None:
    deadline = time.monotonic() + METERED_TIMEOUT_S
    while (charge := charge_of(api, subject)) != expected:
        assert time.monotonic() < deadline, f"{subject} has {charge}, expected {expected}"
        time.sleep(0.2)
