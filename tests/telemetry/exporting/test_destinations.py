"""A process of its own sends spans, metrics and log lines to where its environment says."""

import asyncio
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local_stack.insights.server import serving
from tests.paths import ROOT

PROGRAM = """
from telemetry.log import Log, configure
from telemetry.metrics import CounterName, count
from telemetry.setup import set_up
from telemetry.spans import span
from telemetry.names import SpanName

configure()
print(set_up("probe"))
with span(SpanName.AUDIT, {"chargeback.rows": 3}):
    Log("probe").warning("probed", "AccountKey=SECRET", partition="3", absent=None)
count(CounterName.EVENTS, 5, {"partition": "0"})
"""


LAST_WORD = """
import atexit, weakref
atexit.register(lambda: print("are connections closed:", weakref.finalize._shutdown))
"""
"""Exit hooks run in reverse order: this one after all others."""


def run_probe(program: str = PROGRAM, **environment: str) -> str:
    quiet = {name: text for name, text in os.environ.items() if not name.startswith("APPLICATION")}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**quiet, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


async def test_application_insights_gets_all_three() -> None:
    async with serving() as served:
        out = await asyncio.to_thread(
            run_probe,
            LAST_WORD + PROGRAM,
            APPLICATIONINSIGHTS_CONNECTION_STRING=served.connection_string,
        )
        assert out == "True\nare connections closed: True\n"
        [line] = served.store.rows("AppTraces")
        assert (line["Message"], line["AppRoleName"]) == (
            "AccountKey=[redacted]",
            "llm-chargeback.probe",
        )
        said = json.loads(line["Properties"])
        assert (said["action"], said["partition"]) == ("probed", "3")
        assert "absent" not in said
        [span] = served.store.rows("AppDependencies")
        assert span["Name"] == "chargeback.ledger.audit"
        assert json.loads(span["Properties"])["chargeback.rows"] == "3"
        assert line["OperationId"] == span["OperationId"]
        metrics = {row["Name"]: row["Sum"] for row in served.store.rows("AppMetrics")}
        assert metrics == {"chargeback.consumer.events": 5}


@pytest.fixture
def collector() -> Iterator[tuple[int, dict[str, bytes]]]:
    """What a collector got, by path."""
    got: dict[str, bytes] = {}

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port, got
        server.shutdown()
        thread.join()


def test_a_collector_gets_all_three(collector: tuple[int, dict[str, bytes]]) -> None:
    port, got = collector
    assert run_probe(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}/") == "True\n"
    assert sorted(got) == ["/v1/logs", "/v1/metrics", "/v1/traces"]
    assert b"chargeback.ledger.audit" in got["/v1/traces"]
    assert b"chargeback.consumer.events" in got["/v1/metrics"]
    assert b"probed" in got["/v1/logs"]
    assert b"SECRET" not in got["/v1/logs"]


def test_without_a_destination_no_exporter_is_imported() -> None:
    assert run_probe() == "False\n"
    imported = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{PROGRAM}\nimport sys\nprint(sorted(m for m in sys.modules if 'exporter' in m))",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert imported.stdout == "False\n[]\n"
