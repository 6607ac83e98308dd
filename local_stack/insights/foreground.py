"""The stand-in in the foreground, until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from pathlib import Path

from local_stack.insights.errors import InsightsError
from local_stack.insights.server import serving

FILE = "insights.duckdb"
"""In the data directory."""


def run_insights(data: Path, port: int) -> int:
    """The exit code: 0 after a signal, 1 when it cannot start."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_serve(data, port))
    except (InsightsError, OSError) as error:
        print(f"insights: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(data: Path, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with serving(data / FILE, port=port) as served:
        print(f"insights: ready, {served.connection_string}", file=sys.stderr)
        await stop.wait()
