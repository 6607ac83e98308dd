"""Sets up OpenTelemetry in a process by hand, where the environment names a destination.

Azure's distro would also turn on nine instrumentations, live metrics, performance counters and a
sampler of five traces a second. Without a destination nothing is imported and all stays a no-op.
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

from telemetry.settings import TelemetrySettings, read_telemetry

if TYPE_CHECKING:
    from opentelemetry.sdk._logs.export import LogRecordExporter

SWITCHES = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED",
    "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED",
)
"""Set to `true` before the first exporter of Azure Monitor is imported: without them it calls home,
is switched from outside, and reports each accepted item as dropped."""


def set_up(service: str, *, hosted: bool = False) -> bool:
    """Send this process's spans, metrics and log lines to where the environment says; gives
    whether that is anywhere. To be called once, after `telemetry.log.configure`. Where it is
    `hosted`, as by Azure Functions, the host sends the log lines.

    BadTelemetry names a variable that cannot be used.
    """
    settings = read_telemetry(os.environ)
    if settings.is_on:
        _exporting("providers").install(settings, service, hosted=hosted)
    return settings.is_on


def event_exporter(settings: TelemetrySettings) -> "LogRecordExporter":
    """What the publisher sends with: it calls `export` itself and looks at the result."""
    exporter: LogRecordExporter = _exporting("exporters").log_exporter(settings)
    return exporter


def instrument_api(app: Any) -> None:
    """Make a span of each request to a FastAPI app, where telemetry goes anywhere."""
    if read_telemetry(os.environ).is_on:
        _exporting("api_spans").instrument(app)


def _exporting(module: str) -> Any:
    """A module of `exporting`: its imports take up to a second."""
    for name in SWITCHES:
        os.environ.setdefault(name, "true")
    return importlib.import_module(f"telemetry.exporting.{module}")
