"""`doctor` asks everything and says what cures each failure."""

import json

import pytest

from chargeback.__main__ import main
from chargeback.doctor import CURES, Diagnosis, _cure
from consumers.verbs.check import Finding

Output = pytest.CaptureFixture[str]
NOWHERE = (
    "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=x;SharedAccessKey=eA==;"
    "UseDevelopmentEmulator=true"
)
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


def test_setting_that_is_missing_is_one_line(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("EVENTHUB_CONNECTION_STRING", "EVENTHUB_NAMESPACE", "STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    for words in (["doctor"], ["consumer", "lag"], ["ledger", "audit"], ["rerate", "list"]):
        assert main(words) == 1
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith("error: EVENTHUB_CONNECTION_STRING or EVENTHUB_NAMESPACE")
