"""The three providers of a process: spans, metrics and log lines to one destination."""

import logging
import weakref

from opentelemetry import metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from telemetry.exporting.exporters import log_exporter, metric_exporter, span_exporter
from telemetry.exporting.log_handler import LogRecordHandler
from telemetry.names import NAMESPACE
from telemetry.settings import TelemetrySettings


def install(settings: TelemetrySettings, service: str, *, hosted: bool) -> None:
    """Every span is kept: their number is that of batches and requests, not of calls."""
    resource = resource_of(service)
    _close_connections_last(resource)
    spans = TracerProvider(resource=resource, sampler=ALWAYS_ON)
    spans.add_span_processor(BatchSpanProcessor(span_exporter(settings)))
    trace.set_tracer_provider(spans)
    reader = PeriodicExportingMetricReader(metric_exporter(settings))
    metrics.set_meter_provider(MeterProvider([reader], resource=resource))
    if hosted:
        return
    logs = LoggerProvider(resource=resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(log_exporter(settings)))
    logging.getLogger().addHandler(LogRecordHandler(logs))


def _close_connections_last(resource: Resource) -> None:
    """Python runs exit hooks in reverse order. Each provider has one that exports what is left, and
    connections are closed by that of `weakref`, which the first finalizer registers. Made by such
    an export it would come too late, and Python would end with a traceback.
    """
    weakref.finalize(resource, lambda: None)


def resource_of(service: str) -> Resource:
    """Who sends: column AppRoleName is `llm-chargeback.SERVICE`."""
    return Resource({"service.namespace": NAMESPACE, "service.name": service})
