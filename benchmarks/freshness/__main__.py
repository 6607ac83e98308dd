"""From a client's last byte to the call's cost on a page, plain and streamed, one call at a time.

    python -m benchmarks.freshness [--calls 12]

The demonstration's own processes are the stack: gateway with the real policies, model stand-in,
broker, metering, pairing, Azurite and API. It is asked for a call by its trace id until it names a
charge. An open page asks each few seconds, so that half of its pause is added. What Azure takes to
hand over an event, or minutes to write the gateway's log, is not in it.
"""

import argparse
import json
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from apim_policies.harness import compiler
from benchmarks.result import Result, add_results_argument, at_most, report, spread
from local_stack.identity.ask import SERVICE, access_token
from local_stack.identity.config import read_config

ROOT = Path(__file__).parents[2]
LIVE_CALLS = "20"
"""Of the demonstration: they warm every part."""
START_S_MAX, SHOWN_S_MAX = 180.0, 120.0
ASKED_EVERY_S = 0.05
PAGE_PAUSE_S = 5
"""Between two questions of an open page, `REFRESH_S` of the UI."""
PLAIN_GOAL_S, STREAMED_GOAL_S = 5.0, 15.0


@contextmanager
def demonstration(data: Path) -> Iterator[dict[str, Any]]:
    """What `demo.json` says of one that runs."""
    log = data.parent / "demo.log"
    command = (sys.executable, "-m", "local_stack.demo", "--data", str(data), "--calls", LIVE_CALLS)
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output)
        try:
            yield _box(data, log, process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)


def _box(data: Path, log: Path, process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    deadline = time.monotonic() + START_S_MAX
    while not (data / "demo.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the demonstration did not start: {log.read_text()[-2000:]}")
        time.sleep(0.2)
    box: dict[str, Any] = json.loads((data / "demo.json").read_text())
    return box


def call(client: httpx.Client, key: str, *, streamed: bool) -> str:
    """One call, read to its last byte; gives its trace id."""
    trace_id = secrets.token_hex(16)
    headers = {
        "Authorization": f"Bearer {key}",
        "traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01",
    }
    question = [{"role": "user", "content": "Who pays for this call?"}]
    body = {"model": "gpt-4.1-mini", "messages": question, "stream": streamed}
    answer = client.post("/chat/completions", headers=headers, json=body)
    answer.raise_for_status()
    return trace_id


def seconds_until_shown(api: httpx.Client, trace_id: str) -> float:
    """Until the API names the charge of the call."""
    began = time.monotonic()
    while time.monotonic() - began < SHOWN_S_MAX:
        calls = api.get("/v1/calls", params={"q": trace_id}).raise_for_status().json()["data"]
        if calls and calls[0]["cost"]["charge"] is not None:
            return time.monotonic() - began
        time.sleep(ASKED_EVERY_S)
    sys.exit(f"the call of trace {trace_id} has no cost after {SHOWN_S_MAX:.0f} s")


def measure(calls: int) -> list[Result]:
    """Both kinds in turns."""
    took: dict[bool, list[float]] = {False: [], True: []}
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        with demonstration(data) as box:
            token = access_token(read_config(data), SERVICE)
            headers = {"Authorization": f"Bearer {token}"}
            with (
                httpx.Client(base_url=box["urls"]["base_url"], timeout=60) as gateway,
                httpx.Client(base_url=box["urls"]["api"], headers=headers, timeout=60) as api,
            ):
                for _ in range(calls):
                    for streamed, found in took.items():
                        trace_id = call(gateway, box["key"], streamed=streamed)
                        found.append(seconds_until_shown(api, trace_id))
    return [
        result("plain", took[False], PLAIN_GOAL_S),
        result("streamed", took[True], STREAMED_GOAL_S),
    ]


def result(kind: str, took: list[float], goal_s: float) -> Result:
    """The median, with the half of a page's pause, next to the goal in seconds."""
    shown = [seconds + PAGE_PAUSE_S / 2 for seconds in took]
    name = f"a {kind} call: s from its last byte until its cost is on an open page, median"
    return spread(at_most(f"{name}; goal {goal_s:g} s", statistics.median(shown), goal_s, 1), shown)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.freshness", description=__doc__)
    parser.add_argument("--calls", type=int, default=12, help="of each kind")
    add_results_argument(parser)
    options = parser.parse_args()
    if missing := compiler.missing_tools():
        sys.exit(f"the gateway's policies cannot be compiled: {', '.join(missing)} is missing")
    report(measure(options.calls), options.results)


if __name__ == "__main__":
    main()
