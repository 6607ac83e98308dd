"""The exporters of one destination. `azure.monitor.*` and `opentelemetry.exporter.*` are imported
here alone, and only when they are used: an import costs about a second. `telemetry.setup` sets the
switches of Azure Monitor before it imports this.
"""

import importlib
import logging
from typing import Any

from opentelemetry.sdk._logs.export import LogRecordExporter
from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from telemetry.settings import OTLP_ENDPOINT, BadTelemetry, TelemetrySettings

_AZURE = "azure.monitor.opentelemetry.exporter"
_OTLP = "opentelemetry.exporter.otlp.proto.http"


def log_exporter(settings: TelemetrySettings) -> LogRecordExporter:
    """Takes log records, and events with them."""
    exporter: LogRecordExporter = _made(
        settings, "AzureMonitorLogExporter", "_log_exporter.OTLPLogExporter", "logs"
    )
    return exporter


def span_exporter(settings: TelemetrySettings) -> SpanExporter:
    """Takes spans."""
    exporter: SpanExporter = _made(
        settings, "AzureMonitorTraceExporter", "trace_exporter.OTLPSpanExporter", "traces"
    )
    return exporter


def metric_exporter(settings: TelemetrySettings) -> MetricExporter:
    """Takes metrics."""
    exporter: MetricExporter = _made(
        settings, "AzureMonitorMetricExporter", "metric_exporter.OTLPMetricExporter", "metrics"
    )
    return exporter


def _made(settings: TelemetrySettings, azure: str, otlp: str, signal: str) -> Any:
    if settings.connection_string is not None:
        return getattr(importlib.import_module(_AZURE), azure)(**_azure_options(settings))
    module, name = otlp.rsplit(".", 1)
    try:
        found = getattr(importlib.import_module(f"{_OTLP}.{module}"), name)
    except ImportError as error:
        raise BadTelemetry(
            f"{OTLP_ENDPOINT.name} is set, and the package opentelemetry-exporter-otlp-proto-http "
            "is not installed: install llm-chargeback[otlp]"
        ) from error
    return found(endpoint=f"{settings.otlp_endpoint}/v1/{signal}")


class _WithoutItems(logging.Filter):
    """The exporter logs each item that is refused; ours say who called which model."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave the item out of the line."""
        arguments = record.args
        if str(record.msg).startswith("Data drop") and isinstance(arguments, tuple):
            record.msg, record.args = "Data drop %s: %s", arguments[:2]
        return True


_WITHOUT_ITEMS = _WithoutItems()


def _azure_options(settings: TelemetrySettings) -> dict[str, Any]:
    """Nothing is stored on disk, where nobody would look for it. The exporter's own limit of items
    a second is off: with it an export reports success of items that it has dropped.
    """
    logging.getLogger(f"{_AZURE}.export._base").addFilter(_WITHOUT_ITEMS)
    options: dict[str, Any] = {
        "connection_string": settings.connection_string,
        "disable_offline_storage": True,
        "max_envelopes_per_second": 0,
    }
    if settings.signs_in:
        options["credential"] = importlib.import_module("azure.identity").DefaultAzureCredential()
    return options
