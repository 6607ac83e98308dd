"""The stand-in as a process: it keeps its items through a kill, and says why it cannot start."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.local_stack.insights.test_ingestion import envelope
from tests.paths import ROOT

TIMEOUT_S = 60
READY = re.compile(r"insights: ready, InstrumentationKey=\S+;IngestionEndpoint=(http://\S+)")


@contextmanager
def running(data: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its address."""
    command = [sys.executable, "-m", "local_stack.insights", "--data", str(data), "--port", "0"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        ready = READY.search(process.stderr.readline())
        assert ready is not None
        yield process, ready[1]
    finally:
        process.kill()
        process.wait(TIMEOUT_S)
        process.stderr.close()


def counted(url: str) -> int:
    counts: dict[str, int] = httpx.get(f"{url}/counts").json()
    return counts["AppEvents"]


def test_what_was_accepted_is_there_after_a_kill(tmp_path: Path) -> None:
    with running(tmp_path) as (process, url):
        items = [envelope("EventData", name="x") for _ in range(5)]
        assert httpx.post(f"{url}/v2.1/track", json=items).json()["itemsAccepted"] == 5
        process.send_signal(signal.SIGKILL)
        process.wait(TIMEOUT_S)
    with running(tmp_path) as (process, url):
        assert counted(url) == 5
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0


def test_two_on_one_directory_are_refused(tmp_path: Path) -> None:
    with running(tmp_path):
        second = subprocess.run(
            [sys.executable, "-m", "local_stack.insights", "--data", tmp_path, "--port", "0"],
            cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
        )  # fmt: skip
    assert second.returncode == 1
    assert "insights.duckdb cannot be opened" in second.stderr
    assert "Traceback" not in second.stderr
