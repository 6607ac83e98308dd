"""The provider in the foreground, until SIGTERM or SIGINT."""

import asyncio
import signal
import sys
from pathlib import Path

from local_stack.identity.config import read_config
from local_stack.identity.errors import IdentityError
from local_stack.identity.server import serving


def run_provider(data: Path) -> int:
    """The exit code: 0 after a signal, 1 when the provider cannot start."""
    try:
        asyncio.run(_serve(data))
    except (IdentityError, OSError) as error:
        print(f"identity: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(data: Path) -> None:
    config = read_config(data)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with serving(config):
        print(f"identity: ready, issuer {config.issuer}", file=sys.stderr)
        await stop.wait()
