"""The real exporters and the real query client, pointed at the stand-in."""

import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.monitor.query import LogsQueryPartialResult, LogsQueryResult, LogsTable
from azure.monitor.query.aio import LogsQueryClient
from opentelemetry._logs import LogRecord
from opentelemetry.sdk._logs import ReadableLogRecord
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope

from local_stack.insights.server import Served
from telemetry.setup import SWITCHES

for _switch in SWITCHES:
    os.environ.setdefault(_switch, "true")

from azure.monitor.opentelemetry.exporter import AzureMonitorLogExporter  # noqa: E402

RESOURCE = Resource({"service.namespace": "llm-chargeback", "service.name": "publisher"})
SCOPE = InstrumentationScope("tests")

Timespan = timedelta | tuple[datetime, timedelta] | tuple[datetime, datetime]


def log_exporter(served: Served, **options: Any) -> AzureMonitorLogExporter:
    """The exporter, which tries once unless told otherwise."""
    options = {"retry_total": 0, **options}
    return AzureMonitorLogExporter(
        connection_string=served.connection_string, disable_offline_storage=True, **options
    )


def event(
    number: int, *, time_ns: int | None = None, attributes: Mapping[str, Any] | None = None
) -> ReadableLogRecord:
    """One customEvent, with a trace id of its own."""
    record = LogRecord(
        timestamp=time.time_ns() if time_ns is None else time_ns,
        trace_id=number + 1,
        span_id=number + 1,
        attributes={
            "microsoft.custom_event.name": "chargeback.call",
            "chargeback.call.id": str(number),
            **(attributes or {}),
        },
    )
    return ReadableLogRecord(record, RESOURCE, SCOPE)


class _NoCredential:
    """The client refuses None, and over http no token is asked for."""

    async def get_token(self, *_: Any, **__: Any) -> Any:
        raise AssertionError

    async def close(self) -> None:
        return


@contextlib.asynccontextmanager
async def client_of(served: Served, **options: Any) -> AsyncIterator[LogsQueryClient]:
    async with LogsQueryClient(
        _NoCredential(),  # type: ignore[arg-type]
        endpoint=served.query_url,
        authentication_policy=SansIOHTTPPolicy(),
        **options,
    ) as client:
        yield client


async def ask(served: Served, query: str, timespan: Timespan | None = None) -> LogsTable:
    """The table that the real client reads."""
    async with client_of(served) as client:
        found = await client.query_workspace("any", query, timespan=timespan)
    assert isinstance(found, LogsQueryResult)
    [table] = found.tables
    return table


def partial_rows(found: LogsQueryResult | LogsQueryPartialResult) -> list[list[Any]]:
    assert isinstance(found, LogsQueryPartialResult)
    [table] = found.partial_data
    return [list(row) for row in table.rows]
