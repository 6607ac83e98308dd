"""`python -m local_stack.model`: runs the stand-in for model endpoints until SIGTERM or SIGINT."""

import argparse
import asyncio
import signal
import sys
from pathlib import Path

from local_stack.model.served_log import ServedLog
from local_stack.model.server import serving


def main() -> int:
    """The exit status: 0 after a signal, 1 if the port is taken."""
    parser = argparse.ArgumentParser(prog="python -m local_stack.model", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090, help="0 takes a free port")
    parser.add_argument(
        "--log-file", type=Path, help="append each served call to it, as a line of JSON"
    )
    options = parser.parse_args()
    try:
        asyncio.run(_serve(options.host, options.port, options.log_file))
    except OSError as error:
        print(f"model: {error}", file=sys.stderr)
        return 1
    return 0


async def _serve(host: str, port: int, log_file: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    log = None if log_file is None else ServedLog(log_file)
    async with serving(host, port, log=log) as bound:
        print(f"model: ready on {host}:{bound}", file=sys.stderr)
        await stop.wait()
    if log is not None:
        log.close()


if __name__ == "__main__":
    sys.exit(main())
