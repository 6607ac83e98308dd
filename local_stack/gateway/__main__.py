"""`python -m local_stack.gateway`: runs the gateway until SIGTERM or SIGINT; it then finishes its
calls.
"""

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Iterator

import uvloop
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricsData,
    PeriodicExportingMetricReader,
)

from apim_policies.errors import PolicyError
from local_stack.errors import LocalStackError
from local_stack.gateway.server import serving
from local_stack.gateway.settings import Settings, parse
from telemetry.log import configure

METRICS_INTERVAL_MS = 5_000
GARBAGE_OBJECTS_MAX = 20_000


def main() -> int:
    """The exit status: 0 after a signal, 1 if the gateway cannot start."""
    settings = parse(sys.argv[1:], os.environ)
    configure()
    try:
        with _metrics(settings):
            uvloop.run(_serve(settings))
    except (PolicyError, LocalStackError, OSError, ValueError) as error:
        # The SDK raises ValueError for a text that is not a connection string.
        print(f"gateway: {error}", file=sys.stderr)
        return 1
    return 0


@contextlib.contextmanager
def _metrics(settings: Settings) -> Iterator[None]:
    """Write token metrics as JSON lines if a file is given."""
    if settings.metrics_file is None:
        yield
        return
    with settings.metrics_file.open("a", encoding="utf-8") as file:
        exporter = ConsoleMetricExporter(out=file, formatter=_line)
        reader = PeriodicExportingMetricReader(exporter, METRICS_INTERVAL_MS)
        provider = MeterProvider([reader])
        set_meter_provider(provider)
        try:
            yield
        finally:
            provider.shutdown()


def _line(metrics: MetricsData) -> str:
    return str(metrics.to_json(indent=None)) + "\n"


def _tame_collector() -> None:
    """Tune the garbage collector. Objects that are loaded by now stay, and reference counts free a
    call's objects. Searching both for cycles every 700 new objects took a fifteenth of the
    gateway's processor time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS_MAX)


async def _serve(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with serving(settings) as served:
        _tame_collector()
        print(f"gateway: ready on {settings.host}:{served.port}", file=sys.stderr)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
