"""`python -m local_stack.model`: runs the stand-in for model endpoints until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys

from local_stack.model.server import serving


def main() -> int:
    """The exit status: 0 after a signal, 1 if the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m local_stack.model", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free port")
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options.host, options.port))
    except OSError as error:
        print(f"model: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(host: str, port: int) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    async with serving(host, port) as bound:
        print(f"model: ready on {host}:{bound}", file=sys.stderr)
        await stop.wait()


if __name__ == "__main__":
    sys.exit(main())
