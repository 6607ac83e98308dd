"""`doctor` asks everything and says what cures each failure."""

import json
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest

from chargeback.__main__ import main
from chargeback.doctor import CURES, Diagnosis, _api, _cure, open_letters
from chargeback_client.connection import Connection
from consumers.verbs.check import Finding
from table_api.consumer_state.dead_letters import DeadLetter, DeadLetterIndex
from table_api.storage.memory_tables import MemoryTableStorage

Output = pytest.CaptureFixture[str]
NOWHERE = (
    "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=x;SharedAccessKey=eA==;"
    "UseDevelopmentEmulator=true"
)
HUBS = ("llm-usage", "apim-diagnostics")
STORAGE = (
    "DefaultEndpointsProtocol=http;AccountName=x;AccountKey=eA==;"
    "BlobEndpoint=http://127.0.0.1:1/x;TableEndpoint=http://127.0.0.1:1/x"
)


def test_every_finding_that_fails_has_its_cure(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consumers.verbs.check.RETRY_DELAY_S", 0)
    monkeypatch.setattr("consumers.verbs.check.TRIES_MAX", 1)
    monkeypatch.setenv("EVENTHUB_CONNECTION_STRING", NOWHERE)
    monkeypatch.setenv("STORAGE_CONNECTION_STRING", STORAGE)
    monkeypatch.setenv("API_URL", "http://127.0.0.1:1")
    assert main(["doctor", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    states = {each["name"].split(" (")[0]: each["state"] for each in found}
    assert states["price book"] == "ok"
    assert {name for name, state in states.items() if state == "failed"} >= {
        "event hub", "consumer group", "blob storage", "table storage", "ledger", "api",
    }  # fmt: skip
    assert all(bool(each["cure"]) == (each["state"] != "ok") for each in found)


def test_warning_has_a_cure_and_an_ok_has_none() -> None:
    assert _cure(Finding("prices", True, "old", warns=True)) == CURES["prices"]
    assert _cure(Finding("ledger", True, "fine")) is None
    shown = Diagnosis(Finding("audit", False, "AccountKey=c2VjcmV0c2VjcmV0"), "look").shown()
    assert "c2VjcmV0" not in shown["said"]


def letter(hub: str, number: int) -> DeadLetter:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return DeadLetter(
        hub=hub, partition="0", sequence_number=number, content_hash="0" * 12, enqueued_time=now,
        recorded_at=now, reason="json", field="$", value="", message="cut", event_id=None,
        body_bytes=3,
    )  # fmt: skip


async def test_letters_of_both_hubs_are_open() -> None:
    storage = MemoryTableStorage()
    for hub in HUBS:
        await DeadLetterIndex(storage, hub).create()
    assert await open_letters(storage, *HUBS) == Finding("dead letters", True, "none is open")
    await DeadLetterIndex(storage, HUBS[1]).add([letter(HUBS[1], 1)])
    found = await open_letters(storage, *HUBS)
    assert (found.said, found.warns) == ("1 of hub apim-diagnostics are open", True)
    await DeadLetterIndex(storage, HUBS[0]).add([letter(HUBS[0], 1), letter(HUBS[0], 2)])
    found = await open_letters(storage, *HUBS)
    assert found.said == "2 of hub llm-usage and 1 of hub apim-diagnostics are open"
    assert "--diagnostics" in str(_cure(found))


def test_setting_that_is_missing_is_one_line(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EVENTHUB_CONNECTION_STRING", "EVENTHUB_NAMESPACE", "STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    for words in (["doctor"], ["consumer", "lag"], ["ledger", "audit"], ["rerate", "list"]):
        assert main(words) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("error: EVENTHUB_CONNECTION_STRING or EVENTHUB_NAMESPACE")


class OtherServer(BaseHTTPRequestHandler):
    """Answers each path by what its first part says."""

    ANSWERS: ClassVar = {
        "html": (200, b"<html>hello</html>"),
        "list": (200, b"[]"),
        "other": (200, b'{"status": "ok"}'),
        "half": (200, b'{"auth_mode": "oidc"}'),
        "bytes": (200, b"\xff\xfe\x00"),
        "fails": (500, b"<html>Internal Server Error</html>"),
        "gone": (404, b'{"detail": "Not Found"}'),
        "moved": (302, b""),
        "empty": (204, b""),
    }

    def do_GET(self) -> None:
        status, content = self.ANSWERS[self.path.split("/")[1]]
        self.send_response(status)
        self.send_header("Location", "/login")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def other_server(tls: ssl.SSLContext | None = None) -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), OtherServer) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port
        server.shutdown()


def said_of(url: str) -> str:
    """What the check of the API says, where it fails."""
    [*_, finding] = _api(lambda: Connection(url, "token"))
    assert not finding.ok
    assert "\n" not in finding.said
    return finding.said


def test_another_server_at_the_address_is_named_in_one_line() -> None:
    with other_server() as port:
        url = f"http://127.0.0.1:{port}"
        for path in ("html", "list", "other", "half", "bytes"):
            assert "answers, and is not this API" in said_of(f"{url}/{path}"), path
        for path, status in (("fails", 500), ("gone", 404), ("moved", 302), ("empty", 204)):
            assert said_of(f"{url}/{path}").endswith(f"/healthz was answered {status}")
        assert "answers, but not by a TLS that can be trusted" in said_of(
            f"https://127.0.0.1:{port}"
        )


def test_a_certificate_that_nobody_signed_is_named_in_one_line(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with other_server(context) as port:
        said = said_of(f"https://127.0.0.1:{port}/half")
    assert "answers, but not by a TLS that can be trusted" in said
    assert "CERTIFICATE_VERIFY_FAILED" in said
