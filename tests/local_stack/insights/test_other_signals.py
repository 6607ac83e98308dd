"""Spans, metrics and log lines of the real exporters arrive in the tables that Azure fills."""

import asyncio
import json

import pytest
from azure.monitor.opentelemetry.exporter import (
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
    AzureMonitorTraceExporter,
)
from opentelemetry._logs import SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

from local_stack.insights.server import Served
from tests.local_stack.insights.exporting import RESOURCE

HOUR_MS = 3_600_000


@pytest.fixture
def options(served: Served) -> dict[str, object]:
    return {
        "connection_string": served.connection_string,
        "disable_offline_storage": True,
        "retry_total": 0,
    }


async def test_spans_become_requests_and_dependencies(
    served: Served, options: dict[str, object]
) -> None:
    provider = TracerProvider(resource=RESOURCE)
    provider.add_span_processor(SimpleSpanProcessor(AzureMonitorTraceExporter(**options)))
    tracer = provider.get_tracer("tests")

    def run() -> None:
        attributes: dict[str, str | int] = {"chargeback.partition": "3", "chargeback.events": 200}
        with (
            tracer.start_as_current_span("chargeback.batch", kind=SpanKind.CONSUMER) as outer,
            tracer.start_as_current_span("inner", kind=SpanKind.CLIENT) as inner,
        ):
            outer.set_attributes(attributes)
            inner.set_status(Status(StatusCode.ERROR))

    await asyncio.to_thread(run)
    provider.shutdown()
    [request], [dependency] = served.store.rows("AppRequests"), served.store.rows("AppDependencies")
    assert (request["Name"], request["Success"]) == ("chargeback.batch", True)
    assert json.loads(request["Properties"])["chargeback.events"] == "200"
    assert (dependency["Name"], dependency["Success"]) == ("inner", False)
    assert dependency["OperationId"] == request["OperationId"]
    assert dependency["ParentId"] == request["Id"]
    assert 0 <= dependency["DurationMs"] <= request["DurationMs"] < HOUR_MS


async def test_counters_and_histograms_become_rows_with_their_sums(
    served: Served, options: dict[str, object]
) -> None:
    exporter = AzureMonitorMetricExporter(**options)
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=HOUR_MS)
    provider = MeterProvider([reader], resource=RESOURCE)
    meter = provider.get_meter("tests")
    counter, histogram = meter.create_counter("chargeback.tokens"), meter.create_histogram("ms")
    for tokens in (100, 20):
        counter.add(tokens, {"gen_ai.token.type": "input"})
        histogram.record(tokens)
    await asyncio.to_thread(provider.shutdown)
    rows = {row["Name"]: row for row in served.store.rows("AppMetrics")}
    assert rows["chargeback.tokens"]["Sum"] == 120.0
    assert json.loads(rows["chargeback.tokens"]["Properties"]) == {"gen_ai.token.type": "input"}
    told = rows["ms"]
    assert (told["Sum"], told["ItemCount"], told["Min"], told["Max"]) == (120.0, 2, 20.0, 100.0)


async def test_log_lines_become_traces_and_exceptions(
    served: Served, options: dict[str, object]
) -> None:
    provider = LoggerProvider(resource=RESOURCE)
    processor = SimpleLogRecordProcessor(AzureMonitorLogExporter(**options))
    provider.add_log_record_processor(processor)
    logger = provider.get_logger("tests")

    def run() -> None:
        logger.emit(body="published", severity_number=SeverityNumber.WARN, attributes={"rows": 3})
        logger.emit(body="it broke", exception=ValueError("no"))

    await asyncio.to_thread(run)
    provider.shutdown()
    [line], [raised] = served.store.rows("AppTraces"), served.store.rows("AppExceptions")
    assert (line["Message"], line["SeverityLevel"]) == ("published", 2)
    assert json.loads(line["Properties"])["rows"] == "3"
    assert (raised["ExceptionType"], raised["OuterMessage"]) == ("ValueError", "it broke")
