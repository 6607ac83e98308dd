"""Log lines: an action, fields, and no secret."""

import io
import json
import logging
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
    ],
)
def test_keys_and_tokens_are_redacted(text: str) -> None:
    assert "SECRET" not in redact(text)
    assert "[redacted]" in redact(text)


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
