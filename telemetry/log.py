"""Log lines with a stable `action` and fields: JSON lines, or plain text on a terminal.

Keys and tokens are redacted in every line, also in those of libraries. `setup` sends them on.
"""

import json
import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import NamedTuple, TextIO

_SECRET = re.compile(
    r"(?P<name>(?:SharedAccessKey|AccountKey|SharedAccessSignature|InstrumentationKey)\s*[=:]\s*"
    r"|\bsig=|[?&]code=|\bBearer\s+"
    r"|\b(?:api-key|x-functions-key|Ocp-Apim-Subscription-Key|subscription-key)['\"]?\s*[=:]\s*)"
    r"['\"]?[^;&\s'\"]+",
    re.IGNORECASE,
)
_USER = re.compile(r"(?P<name>://)[^/?#@\s'\"]+@")
"""User and password in a URL."""
_BARE = re.compile(
    r"(?<![A-Za-z0-9+/])(?:[A-Za-z0-9+/]{86}==|[A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])"
    r"|\beyJ[\w-]+\.[\w-]+\.[\w-]*"
)
"""Recognised by the form alone: a storage key has 64 bytes, one of Event Hubs 32; a signed token
has three parts. Such a key may be anywhere, because people paste it into the wrong variable."""
_NOISY = ("azure", "uamqp", "aiohttp", "httpx")
"""Libraries that log each retry or request at INFO; our own lines report what matters."""

Field = str | int | bool | None


def redact(text: str) -> str:
    """`text` without the values of keys, signatures and tokens."""
    named = _SECRET.sub(r"\g<name>[redacted]", text)
    return _BARE.sub("[redacted]", _USER.sub(r"\g<name>[redacted]@", named))


class Log:
    """The log of one part of the product. `action` is stable: alerts and runbooks name it."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def info(self, action: str, message: str, **fields: Field) -> None:
        self._write(logging.INFO, action, message, fields)

    def warning(self, action: str, message: str, **fields: Field) -> None:
        self._write(logging.WARNING, action, message, fields)

    def error(self, action: str, message: str, **fields: Field) -> None:
        self._write(logging.ERROR, action, message, fields)

    def _write(self, level: int, action: str, message: str, fields: dict[str, Field]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", message, extra={"action": action, "fields": fields})


class Line(NamedTuple):
    """What a log line says, without keys and tokens."""

    action: str
    message: str
    fields: dict[str, Field]


def line_of(record: logging.LogRecord) -> Line:
    """The line of a record, also of a library's."""
    message = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        message += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
    fields: dict[str, Field] = getattr(record, "fields", {})
    return Line(
        getattr(record, "action", record.name),
        redact(message),
        {name: _redacted(value) for name, value in fields.items()},
    )


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        line = line_of(record)
        shown = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "action": line.action,
            "message": line.message,
            **line.fields,
        }
        return json.dumps(shown, ensure_ascii=False)


class PlainText(logging.Formatter):
    """A line that a person reads at a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        line = line_of(record)
        shown = " ".join(
            f"{name}={value}" for name, value in line.fields.items() if value is not None
        )
        time = datetime.fromtimestamp(record.created).strftime("%H:%M:%S")
        text = f"{time} {record.levelname.lower():7} {line.action}: {line.message}"
        return redact(f"{text} ({shown})" if shown else text)


def _redacted(value: Field) -> Field:
    return redact(value) if isinstance(value, str) else value


def configure(*, stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send every log line of this process to `stream`; libraries only from WARNING on.

    If a traceback ends the process, it is logged as such a line too.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(PlainText() if stream.isatty() else JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _NOISY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    sys.excepthook = _log_end


def _log_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Replaces Python's own hook, which prints an exception's text unredacted."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger("uncaught").critical("the process ends", exc_info=(kind, error, trace))
