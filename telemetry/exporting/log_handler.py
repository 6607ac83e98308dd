"""Our log lines as OpenTelemetry log records: the same action, fields and redaction."""

import logging

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider

from telemetry.log import line_of

_SILENT = ("azure", "opentelemetry", "urllib3", "requests", "msrest")
"""Loggers of what sends the records: theirs would be sent by what they are about."""
_SEVERITY = (
    (logging.CRITICAL, SeverityNumber.FATAL),
    (logging.ERROR, SeverityNumber.ERROR),
    (logging.WARNING, SeverityNumber.WARN),
    (logging.INFO, SeverityNumber.INFO),
)


class LogRecordHandler(logging.Handler):
    """Gives each line to a provider, which sends them in batches."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._provider = provider

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        if record.name.partition(".")[0] in _SILENT:
            return
        line = line_of(record)
        fields = {name: value for name, value in line.fields.items() if value is not None}
        self._provider.get_logger(record.name).emit(
            LogRecord(
                timestamp=int(record.created * 1_000_000_000),
                severity_number=_severity(record.levelno),
                severity_text=record.levelname,
                body=line.message,
                attributes={"action": line.action, **fields},
            )
        )


def _severity(level: int) -> SeverityNumber:
    return next((number for least, number in _SEVERITY if level >= least), SeverityNumber.DEBUG)
