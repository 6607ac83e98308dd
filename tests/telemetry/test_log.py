"""Log lines: an action, fields, and no secret."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from telemetry.log import Log, configure, redact


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_line_is_json_with_action_and_fields() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    Log("consumers").warning("stalled", "nothing comes", partition="3", number=7)
    line = json.loads(stream.getvalue())
    assert line["level"] == "warning"
    assert line["action"] == "stalled"
    assert (line["partition"], line["number"]) == ("3", 7)
    assert line["time"].endswith("+00:00")


def test_a_person_at_a_terminal_reads_text() -> None:
    stream = Terminal()
    configure(stream=stream)
    Log("consumers").info("ready", "claimed", partition="3", absent=None)
    assert stream.getvalue().endswith("info    ready: claimed (partition=3)\n")


@pytest.mark.parametrize(
    "text",
    [
        "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=SECRET=;EntityPath=h",
        "AccountName=a;AccountKey=SECRET==;EndpointSuffix=core.windows.net",
        "https://a.blob.core.windows.net/c?sv=2024&sig=SECRET%3D&se=2026",
        "SharedAccessSignature=SECRET",
        "Authorization: Bearer SECRET.SECRET.SECRET",
        'AccountKey="SECRET"',
        "{'AccountKey': 'x'} AccountKey : SECRET",
        "InstrumentationKey=SECRET;IngestionEndpoint=https://x/",
        "{'api-key': 'SECRET'} Ocp-Apim-Subscription-Key: SECRET",
        "x-functions-key: SECRET, https://x.azurewebsites.net/v1/usage?code=SECRET",
        "http://user:SECRET@proxy:3128/",
    ],
)
def test_keys_and_tokens_are_redacted(text: str) -> None:
    assert "SECRET" not in redact(text)
    assert "[redacted]" in redact(text)


@pytest.mark.parametrize(
    "secret", ["A" * 86 + "==", "aB3/" * 10 + "xy+=", "eyJhbGciOi.eyJvaWQi.c2ln"]
)
def test_a_key_or_token_is_known_by_its_form_alone(secret: str) -> None:
    assert redact(f"TABLES_URL is '{secret}', which") == "TABLES_URL is '[redacted]', which"
    assert redact(secret) == "[redacted]"


def test_digests_and_ids_are_no_keys() -> None:
    for text in (
        "0123456789abcdef" * 4,
        "7c9f2f0e-6a4b-4e0f-9c55-0d1e2f3a4b5c",
        "A" * 43,
        "eyJhbG",
    ):
        assert redact(text) == text


def test_what_ends_the_process_is_redacted_too() -> None:
    program = (
        "from telemetry.log import configure; configure(); raise LookupError('AccountKey=SECRET')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    line = json.loads(ended.stderr)
    assert (ended.returncode, line["action"], line["level"]) == (1, "uncaught", "critical")
    assert "LookupError: AccountKey=[redacted]" in line["message"]


@pytest.mark.parametrize("library", ["azure.core", "aiohttp.access", "httpx"])
def test_a_library_logs_no_line_for_each_request(library: str) -> None:
    stream = io.StringIO()
    configure(stream=stream)
    logging.getLogger(library).info("HTTP Request: GET https://contoso.example/healthz")
    assert stream.getvalue() == ""


def test_what_names_a_key_but_is_none_stays() -> None:
    assert redact("SharedAccessKeyName=Root;") == "SharedAccessKeyName=Root;"


def test_secrets_are_redacted_in_messages_fields_and_tracebacks_of_libraries_too() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    try:
        raise ValueError("AccountKey=SECRET")
    except ValueError:
        logging.getLogger("azure.core").exception("AccountKey=SECRET")
    Log("consumers").error("failed", "AccountKey=SECRET", text="sig=SECRET")
    logging.getLogger("azure.eventhub").warning("SharedAccessKey=%s", "SECRET")
    assert "SECRET" not in stream.getvalue()
    assert "Traceback" in stream.getvalue()


def test_libraries_speak_from_warning_on() -> None:
    stream = io.StringIO()
    configure(stream=stream)
    logging.getLogger("azure.eventhub").info("every retry")
    assert stream.getvalue() == ""
